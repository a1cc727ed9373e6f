// A handshake and nothing after it: who is there, how its clock stands, and whether it takes our secret.

import { assign, forwardTo, setup } from 'xstate';
import type { ErrorCode } from '../protocol/errors.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../protocol/limits.ts';
import type { Identity, TokenPort } from '../protocol/tokens.ts';
import { DIAL_TIMEOUT_MS } from './attempt.ts';
import { authMachine, type AuthReport } from './auth.ts';
import type { Link, LinkEvent } from './link.ts';
import type { Random } from './random.ts';

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

export interface HandshakeInput {
  readonly dial: (report: (event: LinkEvent) => void) => Link;
  readonly tokens: TokenPort;
  readonly random: Random;
  readonly identity: Identity;
  /** Ours. */
  readonly version: string;
  /** UTC milliseconds since 1970. */
  readonly wallMs: () => number;
}

interface HandshakeContext extends Handshake, HandshakeInput {
  readonly link: Link;
}

/** The agent's authentication: without a config_sync after it the gateway publishes nothing and ends nobody. */
export const handshakeMachine = setup({
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
    greet: assign(({ context, event }) => {
      if (event.type !== 'control.hello') return {};
      const { version, wallMs } = event.message;
      return { greeting: { version, skewMs: wallMs - context.wallMs() } };
    }),
    accept: assign({ isAccepted: true }),
    leave: ({ context }) => {
      context.link.close('stopped', '');
    },
  },
}).createMachine({
  id: 'handshake',
  context: ({ input, self }) => ({
    ...input,
    greeting: null,
    isAccepted: false,
    code: 'wire_closed',
    detail: '',
    link: input.dial((event) => {
      // Its wire closes after it is over.
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
        input: ({ context: { link, tokens, random, identity, version } }) => ({
          link,
          tokens,
          random,
          identity,
          version,
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
