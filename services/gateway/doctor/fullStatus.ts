// The doctor's question for all that a running gateway tells of itself.

import type { GatewayConfig } from '../../config.ts';
import { ask } from '../../doctor/ask.ts';
import { addressOf } from '../../health.ts';
import { STATUS_PATH } from '../gatewayPaths.ts';

/** The full status names every session and relay. Raised: a stranger on the port makes us hold more. */
const MAX_STATUS_BYTES = 16 * 1024 * 1024;

/** Its JSON, to be parsed; undefined when what answers is none. Rejects as `ask` does. */
export async function askFullStatus(
  { listenHost, listenPort }: Pick<GatewayConfig, 'listenHost' | 'listenPort'>,
  statusToken: string,
): Promise<unknown> {
  const { json } = await ask({
    host: addressOf(listenHost),
    port: listenPort,
    path: STATUS_PATH,
    headers: { Authorization: `Bearer ${statusToken}` },
    maxAnswerBytes: MAX_STATUS_BYTES,
  });
  return json;
}
