// A suspended agent, then a suspended gateway: whatever the other side concluded meanwhile, it is over soon after the return.

import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from './stage.ts';
import { onlineAfter, tunnelsOf, tunnelStateOf } from './standing.ts';
import { startOrigin, startPair } from './standingPair.ts';
import { checkWithin, note } from './verdict.ts';

const NAME = 'suspend.localhost';

export async function suspend(stage: Stage, { seconds = 30 }: { seconds?: number }): Promise<void> {
  const origin = await startOrigin(stage);
  const { gateway, agent } = await startPair(stage, { maps: [`${NAME}=http://127.0.0.1:${origin.port}`] });
  const target = { port: gateway.port, name: NAME };
  await onlineAfter(agent, target);
  for (const service of [agent.service, gateway.service]) {
    service.signal('SIGSTOP');
    await delay(seconds * 1_000);
    const seen =
      service === agent.service
        ? `the gateway counts ${await tunnelsOf(gateway)} tunnels`
        : `the agent is ${await tunnelStateOf(agent)}`;
    note(`${service.name} suspended for ${seconds} s: ${seen}`);
    service.signal('SIGCONT');
    checkWithin(`online after ${service.name} went on`, [await onlineAfter(agent, target)], 5_000);
    // Settled, not merely between two wires: still so after the next silence would have been noticed.
    await delay(4_000);
    checkWithin('and still', [await onlineAfter(agent, target)], 1_000);
  }
}
