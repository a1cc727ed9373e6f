// The live machines as the list shows them: by place, each below the one that runs it.

import type { MachineView } from '../../../protocol/api/machines.ts';
import type { Tone } from '../../words/tones.ts';

export interface MachineRow {
  readonly key: string;
  readonly machine: MachineView;
  /** The last part of its id: what is around it stands above. */
  readonly name: string;
  /** How many machines it is below. */
  readonly depth: number;
  readonly tone: Tone;
}

export interface MachineGroup {
  readonly place: MachineView['place'];
  readonly title: string;
  readonly rows: readonly MachineRow[];
}

const TITLES = { agent: 'On this agent', gateway: 'At the gateway' } as const;

/** What a person should look at; states that are not here are fine. A state's own entry counts before its outer one's. */
const TONES: ReadonlyMap<string, Tone> = new Map<string, Tone>([
  ['connection rejected', 'bad'],
  ['connection waiting', 'warn'],
  ['connection trying', 'busy'],
  ['connection offline', 'off'],
  ['connection stopping', 'busy'],
  ['connection online.doubtful', 'warn'],
  ['attempt dialing', 'busy'],
  ['attempt open.handshaking', 'busy'],
  ['attempt open.leaving', 'busy'],
  ['attempt open.draining', 'busy'],
  ['auth refused', 'bad'],
  ['heartbeat silent', 'warn'],
  ['heartbeat dead', 'bad'],
  ['configSync overdue', 'bad'],
  ['backoff resting', 'warn'],
  ['database lost', 'bad'],
  ['database starting', 'busy'],
  ['journalWriter resting', 'warn'],
  ['journalWriter closed', 'off'],
  ['reconciler resting', 'bad'],
  ['reconciler looking', 'busy'],
  ['reconciler writing', 'busy'],
  ['session handshaking', 'busy'],
  ['session online.left', 'busy'],
  ['session online.draining', 'busy'],
]);

/** Tells a machine from all others: both services may have one of the same id. */
export function keyOf({ place, id }: Pick<MachineView, 'place' | 'id'>): string {
  return `${place}:${id}`;
}

/** Groups without machines are left out. */
export function groupsOf(machines: readonly MachineView[]): MachineGroup[] {
  return (['agent', 'gateway'] as const).flatMap((place) => {
    const rows = machines.filter((machine) => machine.place === place).map(rowOf);
    return rows.length === 0 ? [] : [{ place, title: TITLES[place], rows }];
  });
}

export function rowOf(machine: MachineView): MachineRow {
  const parts = machine.id.split('/');
  return {
    key: keyOf(machine),
    machine,
    name: parts.at(-1) ?? machine.id,
    depth: parts.length - 1,
    tone: toneOf(machine),
  };
}

/**
 * The one to show. Of one that has ended, the newest that follows the same chart at the same place stands in, such as the
 * next attempt; else the connection.
 */
export function chosenOf(machines: readonly MachineView[], key: string | null): MachineView | null {
  const exact = machines.find((machine) => keyOf(machine) === key);
  if (exact !== undefined) return exact;
  const name = key === null ? null : chartNameIn(key);
  const alike = machines.filter((machine) => name !== null && chartNameIn(keyOf(machine)) === name);
  return alike.at(-1) ?? machines.find(({ machine }) => machine === 'connection') ?? machines[0] ?? null;
}

export function toneOf({ machine, state }: Pick<MachineView, 'machine' | 'state'>): Tone {
  return TONES.get(`${machine} ${state}`) ?? TONES.get(`${machine} ${state.split('.', 1)[0] ?? ''}`) ?? 'ok';
}

/** `agent:connection/attempt.12/auth` without its numbers. */
function chartNameIn(key: string): string {
  return key.replace(/\.\d+/g, '');
}
