// Live actors over the API: the hub tells their states; the chart of one is asked for here.

import { machineDetailSchema, type MachineDetail } from '../../protocol/api/machines.ts';
import { ask } from './request.ts';

export function readMachine(id: string, signal?: AbortSignal): Promise<MachineDetail> {
  return ask('GET', `/api/v1/machines/${encodeURIComponent(id)}`, { schema: machineDetailSchema, signal });
}
