// What the sessions of a gateway share: who publishes what, and whose identity it is.

import type { ErrorCode } from '../protocol/errors.ts';
import type { WireMapping } from '../protocol/mapping.ts';
import type { Identity } from '../protocol/tokens.ts';
import type { ClaimEvent } from './admission.ts';
import type { Refusal } from './configSync.ts';

/** Called from actions, answers by event. */
export interface DirectoryPort {
  /** The agent has proven the secret: it may send more than a stranger. */
  admit(sessionId: number): void;
  /** Asks live sessions of the same agent whether they live; `report` tells, unless they are silent. */
  claim(sessionId: number, identity: Identity, report: (event: ClaimEvent) => void): void;
  /** This session was challenged and its agent answers. */
  vouch(challengerId: number): void;
  /** Ends the live sessions of another boot of the same agent: they did not answer. */
  takeOver(sessionId: number, identity: Identity): void;
  /** A newer wire of an identity is in force: the older ones drain. */
  publish(sessionId: number, identity: Identity): void;
  /** Puts a revision in force; `report` names the mappings that are refused. */
  apply(
    sessionId: number,
    revision: number,
    mappings: readonly WireMapping[],
    report: (refused: readonly Refusal[]) => void,
  ): void;
  /** No new streams on this session any more. */
  withdraw(sessionId: number, code: ErrorCode): void;
  /** The agent was refused: a failed proof counts against its address. */
  punish(sessionId: number, code: ErrorCode): void;
}
