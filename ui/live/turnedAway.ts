// Why nothing is live, as far as a page can find out: a browser does not say why a socket was refused, the API does.

import { ApiProblem } from '../api/request.ts';
import { readSession } from '../api/session.ts';

/** `refused`: the agent answers, its hub does not. `outdated`: the hub tells what this page does not understand. */
export type Trouble = 'away' | 'refused' | 'outdated';

export interface TurnedAway {
  /** The hub has turned a socket away. Who is not logged in is led to the login; else answers what is the matter. */
  ask(): Promise<Trouble>;
  /** The hub has let a socket in. */
  forget(): void;
}

/** Refusals in a row, each while the agent answered: an agent that has just come back was away for the first. */
const REFUSALS = 2;

export function createTurnedAway(): TurnedAway {
  let refusals = 0;
  return {
    async ask() {
      refusals = (await isAnswering()) ? refusals + 1 : 0;
      return refusals >= REFUSALS ? 'refused' : 'away';
    },
    forget() {
      refusals = 0;
    },
  };
}

async function isAnswering(): Promise<boolean> {
  try {
    await readSession();
    return true;
  } catch (error) {
    // Logged out: `ask` has told the router.
    return error instanceof ApiProblem && error.code !== 'unauthenticated';
  }
}
