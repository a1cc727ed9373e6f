// The agent itself: whether it has its database, and what it has in its hands.

import type { MachineView } from '../../../protocol/api/machines.ts';
import type { Status } from '../../../protocol/api/status.ts';
import { sayCount } from '../../format/amounts.ts';
import type { Link, Situation } from './chain.ts';
import type { Trouble } from './troubles.ts';

/** A database that opens at once is no trouble. */
const SLOW_START_SECONDS = 5;

export function agentLink({ status, machines, recent }: Situation): Link {
  const link = {
    key: 'agent',
    name: 'Agent',
    figure: {
      value: sayCount(status.relays),
      unit: status.relays === 1 ? 'request in flight' : 'requests in flight',
    },
  } as const;
  const since = sinceOf(machines, status.database);
  if (status.database === 'lost')
    return {
      ...link,
      tone: 'bad',
      label: 'Database lost',
      since,
      trouble: {
        says: 'The database cannot be used: mappings as they were last read are served on, and none can be changed.',
        mappingId: null,
        intro: '',
        advice: 'Check the database server, or the disk of the data folder. The agent tries again by itself.',
        to: '/machines?machine=agent:database',
      },
    };
  if (status.database === 'starting')
    return { ...link, tone: 'busy', label: 'Starting', since, trouble: startingTrouble(status) };
  return {
    ...link,
    tone: 'ok',
    label: 'Up',
    // The status tells how long it was up when it was told.
    since: recent.startedAt,
    trouble: null,
  };
}

function startingTrouble({ uptimeSeconds }: Status): Trouble | null {
  if (uptimeSeconds < SLOW_START_SECONDS) return null;
  return {
    says: 'The database does not open: until it does, the agent knows no mappings and does not dial.',
    mappingId: null,
    intro: '',
    advice: 'Check that the database server runs, or that the data folder can be written.',
    to: '/machines?machine=agent:database',
  };
}

/** Since when the database is lost or starting; null when its machine has forgotten. Within either it rests and tries in turns. */
function sinceOf(machines: readonly MachineView[], state: Status['database']): string | null {
  const database = machines.find(({ machine }) => machine === 'database');
  const isWithin = (path: string): boolean => path.split('.', 1)[0] === state;
  return database?.transitions.findLast(({ from, to }) => !isWithin(from) && isWithin(to))?.at ?? null;
}
