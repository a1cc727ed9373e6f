// The doctor's dial: the agent's own handshake as an agent that nobody knows, ended before it publishes anything.

import { randomUUID } from 'node:crypto';
import { assign, createActor, forwardTo, setup } from 'xstate';
import { DIAL_TIMEOUT_MS } from '../../../machines/attempt.ts';
import { authMachine, type AuthReport } from '../../../machines/auth.ts';
import { machineClock } from '../../../machines/clock.ts';
import type { Link, LinkEvent } from '../../../machines/link.ts';
import { randomText } from '../../../machines/random.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../../../protocol/limits.ts';
import type { Identity, TokenPort } from '../../../protocol/tokens.ts';
import { systemClock } from '../../clock.ts';
import type { AgentConfig } from '../../config.ts';
import { WireLink } from '../../link.ts';
import { systemRandom } from '../../random.ts';
import { createTokens } from '../../tokens.ts';
import { VERSION } from '../../version.ts';
import { createDialer } from '../dialer.ts';

/** What a gateway said first. `skewMs` is its clock minus ours, give or take the message's travel. */
export interface Greeting {
  readonly version: string;
  readonly skewMs: number;
}

export interface Handshake {
  /** Null: it never came to that. */
  readonly greeting: Greeting | null;
  readonly isAccepted: boolean;
  /** Why it ended, unless it was accepted. */
  readonly code: ErrorCode;
  readonly detail: string;
}

interface HandshakeContext extends Handshake {
  readonly link: Link;
  readonly tokens: TokenPort;
}

interface HandshakeInput {
  readonly tokens: TokenPort;
  readonly dial: (report: (event: LinkEvent) => void) => Link;
}

const EPOCH_BYTES = 12;

/** The agent's authentication, and nothing after it: without a config_sync the gateway publishes nothing and ends nobody. */
const handshakeMachine = setup({
  types: {
    context: {} as HandshakeContext,
    input: {} as HandshakeInput,
    events: {} as LinkEvent | AuthReport,
    output: {} as Handshake,
  },
  actors: { auth: authMachine },
  delays: { dialTimeout: DIAL_TIMEOUT_MS, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
  actions: {
    note: assign((_, params: { code: ErrorCode }) => ({ code: params.code })),
    noteEvent: assign(({ event }) => {
      if (event.type === 'link.closed' || event.type === 'link.broken')
        return { code: event.code, detail: event.detail };
      if (event.type === 'control.goaway') return { code: event.message.reason };
      return event.type === 'auth.refused' ? { code: event.code } : {};
    }),
    greet: assign(({ event }) =>
      event.type === 'control.hello'
        ? {
            greeting: {
              version: event.message.version,
              skewMs: event.message.wallMs - systemClock.wallMs(),
            },
          }
        : {},
    ),
    accept: assign({ isAccepted: true }),
    leave: ({ context }) => {
      context.link.close('stopped', '');
    },
  },
}).createMachine({
  id: 'handshake',
  context: ({ input, self }) => ({
    greeting: null,
    isAccepted: false,
    code: 'wire_closed',
    detail: '',
    tokens: input.tokens,
    link: input.dial((event) => {
      if (self.getSnapshot().status === 'active') self.send(event);
    }),
  }),
  on: {
    'link.closed': { target: '.over', actions: 'noteEvent' },
    'link.broken': { target: '.over', actions: 'noteEvent' },
  },
  initial: 'dialing',
  states: {
    dialing: {
      after: {
        dialTimeout: { target: 'over', actions: { type: 'note', params: { code: 'dial_timeout' } } },
      },
      on: { 'link.opened': 'authenticating' },
    },
    authenticating: {
      invoke: {
        src: 'auth',
        id: 'auth',
        input: ({ context: { link, tokens } }) => ({
          link,
          tokens,
          random: systemRandom,
          identity: stranger(),
          version: VERSION,
        }),
      },
      after: {
        handshakeTimeout: {
          target: 'over',
          actions: { type: 'note', params: { code: 'handshake_timeout' } },
        },
      },
      on: {
        'control.hello': { actions: ['greet', forwardTo('auth')] },
        'control.auth_result': { actions: forwardTo('auth') },
        'control.goaway': { target: 'over', actions: 'noteEvent' },
        'auth.accepted': { target: 'over', actions: 'accept' },
        'auth.refused': { target: 'over', actions: 'noteEvent' },
      },
    },
    over: { type: 'final', entry: 'leave' },
  },
  output: ({ context: { greeting, isAccepted, code, detail } }) => ({ greeting, isAccepted, code, detail }),
});

/** Dials, shows the secret, and leaves; resolves once the wire has closed. */
export async function shakeHands(
  config: Pick<AgentConfig, 'gatewayUrl' | 'caFile' | 'proxyUrl' | 'authSecrets'>,
): Promise<Handshake> {
  const failure = Promise.withResolvers<never>();
  let isGone = () => {};
  const gone = new Promise<void>((resolve) => (isGone = resolve));
  const dialer = createDialer(config);
  const actor = createActor(handshakeMachine, {
    clock: machineClock(systemClock),
    input: {
      tokens: createTokens(config.authSecrets, failure.reject),
      dial: (report) =>
        new WireLink(
          {
            clock: systemClock,
            schedule: setImmediate,
            report: (event) => {
              report(event);
              if (event.type === 'link.closed') isGone();
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
  await gone;
  return handshake;
}

function outputOf(output: Handshake | undefined): Handshake {
  if (output === undefined) throw new Error('The handshake ended without an outcome.');
  return output;
}

/** An agent that no gateway has ever seen: it can neither replace nor challenge the one that runs here. */
function stranger(): Identity {
  return { agentId: randomUUID(), epoch: randomText(systemRandom, EPOCH_BYTES), slot: 0, attempt: 1 };
}
