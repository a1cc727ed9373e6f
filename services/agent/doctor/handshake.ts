// The doctor's dial: the agent's own handshake as an agent that nobody knows, ended before it publishes anything.

import { randomUUID } from 'node:crypto';
import { createActor } from 'xstate';
import { machineClock } from '../../../machines/clock.ts';
import { handshakeMachine, type Handshake } from '../../../machines/handshake.ts';
import type { Identity } from '../../../protocol/tokens.ts';
import { systemClock } from '../../clock.ts';
import type { AgentConfig } from '../../config.ts';
import { WireLink } from '../../link.ts';
import { systemRandom } from '../../random.ts';
import { createTokens } from '../../tokens.ts';
import { VERSION } from '../../version.ts';
import { createBootEpoch } from '../bootEpoch.ts';
import { createDialer } from '../dialer.ts';

/** Dials, shows the secret, and leaves; resolves once the wire has closed. */
export async function shakeHands(
  config: Pick<AgentConfig, 'gatewayUrl' | 'caFile' | 'proxyUrl' | 'authSecrets'>,
): Promise<Handshake> {
  const failure = Promise.withResolvers<never>();
  const gone = Promise.withResolvers<undefined>();
  const dialer = createDialer(config);
  const actor = createActor(handshakeMachine, {
    clock: machineClock(systemClock),
    input: {
      tokens: createTokens(config.authSecrets, failure.reject),
      random: systemRandom,
      identity: stranger(),
      version: VERSION,
      wallMs: () => systemClock.wallMs(),
      dial: (report) =>
        new WireLink(
          {
            clock: systemClock,
            schedule: setImmediate,
            report: (event) => {
              report(event);
              if (event.type === 'link.closed') gone.resolve(undefined);
            },
          },
          (handler) => dialer.dial(handler),
        ),
    },
  });
  const done = new Promise<Handshake>((resolve, reject) => {
    actor.subscribe({ complete: () => resolve(outputOf(actor.getSnapshot().output)), error: reject });
  });
  actor.start();
  const handshake = await Promise.race([done, failure.promise]);
  await gone.promise;
  return handshake;
}

function outputOf(output: Handshake | undefined): Handshake {
  if (output === undefined) throw new Error('The handshake ended without an outcome.');
  return output;
}

/** An agent that no gateway has ever seen: it can neither replace nor challenge the one that runs here. */
function stranger(): Identity {
  return { agentId: randomUUID(), epoch: createBootEpoch(), slot: 0, attempt: 1 };
}
