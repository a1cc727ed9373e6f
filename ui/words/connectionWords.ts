// The states of the tunnel in words.

import type { Words } from './tones.ts';

const UNKNOWN: Words = { tone: 'busy', label: 'Changing', says: 'The tunnel is changing its state.' };

const WORDS: ReadonlyMap<string, Words> = new Map([
  ['online', { tone: 'ok', label: 'Online', says: 'The tunnel is online.' }],
  [
    'online.doubtful',
    {
      tone: 'warn',
      label: 'Silent',
      says: 'The gateway has gone silent: the agent dials again, and keeps this tunnel until the new one is online.',
    },
  ],
  [
    'offline',
    { tone: 'off', label: 'Starting', says: 'The agent is starting: the tunnel waits for its database.' },
  ],
  [
    'stopping',
    { tone: 'busy', label: 'Stopping', says: 'The agent is stopping: requests in flight are finishing.' },
  ],
  [
    'waiting',
    {
      tone: 'warn',
      label: 'Waiting',
      says: 'The gateway is not connected: the agent tries again in a moment.',
    },
  ],
  ['trying', { tone: 'busy', label: 'Dialling', says: 'The agent dials the gateway.' }],
  [
    'trying.authenticating',
    {
      tone: 'busy',
      label: 'Authenticating',
      says: 'The gateway answered: each side proves that it knows the secret.',
    },
  ],
  [
    'trying.syncing',
    { tone: 'busy', label: 'Syncing', says: 'The agent tells the gateway which names to publish.' },
  ],
  [
    'rejected',
    {
      tone: 'bad',
      label: 'Refused',
      says: 'The gateway refused this agent.',
      advice:
        'Put it right on one of the two sides: the agent tries again every minute, or at once by “Dial now”.',
    },
  ],
] satisfies [string, Words][]);

/** `state` is that of the status; inner states behind a dot fall back on the outer one. */
export function wordsOfConnection(state: string): Words {
  return WORDS.get(state) ?? WORDS.get(state.split('.')[0] ?? '') ?? UNKNOWN;
}

/** Requests are carried. */
export function isOnline(state: string): boolean {
  return state === 'online' || state.startsWith('online.');
}
