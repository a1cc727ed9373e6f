// `/api/v1/machines`: the agent's live actors, and those of its session at the gateway as the gateway tells them.

import Router from '@koa/router';
import type { MachineDetail, MachineView } from '../../../protocol/api/machines.ts';
import type { ToldMachine } from '../../../protocol/control.ts';
import type { Actors } from '../../actors.ts';
import { chartNamed } from '../../charts.ts';
import { machineDetailOf, machineViewOf } from '../../machineViews.ts';
import { ProblemError } from './problems.ts';

export interface MachineRoutesOptions {
  readonly actors: Pick<Actors, 'list' | 'find'>;
  /** What the gateway has told of the current wire. */
  readonly gatewayMachines: () => readonly ToldMachine[];
}

export function machineRoutes(options: MachineRoutesOptions): Router {
  const router = new Router();
  router.get('/api/v1/machines', (context) => {
    context.body = { items: machineViews(options) };
  });
  // Ids hold slashes, and may come with them encoded or as they are.
  router.get('/api/v1/machines/*id', (context) => {
    const detail = detailOf(context.params.id ?? '', options);
    if (detail === undefined) throw new ProblemError('not_found', { detail: 'No live machine has this id.' });
    context.body = detail;
  });
  return router;
}

/** The agent's own first. */
export function machineViews({ actors, gatewayMachines }: MachineRoutesOptions): MachineView[] {
  return [
    ...actors.list().map((actor) => machineViewOf(actor, 'agent')),
    ...gatewayMachines().map((told) => machineViewOf(told, 'gateway')),
  ];
}

function detailOf(id: string, { actors, gatewayMachines }: MachineRoutesOptions): MachineDetail | undefined {
  const actor = actors.find(id);
  if (actor !== undefined) return machineDetailOf(actor, 'agent');
  const told = gatewayMachines().find((machine) => machine.id === id);
  // The gateway keeps to itself what its actors hold.
  return told && machineDetailOf({ ...told, definition: chartNamed(told.machine), context: {} }, 'gateway');
}
