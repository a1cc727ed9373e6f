// Owns a directory that writes down what a session asks of it and answers when the test says so.

import type { ClaimEvent } from '../../machines/admission.ts';
import type { Refusal } from '../../machines/configSync.ts';
import type { DirectoryPort } from '../../machines/directoryPort.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { WireMapping } from '../../protocol/mapping.ts';
import type { Identity } from '../../protocol/tokens.ts';

export type DirectoryCall =
  | { do: 'admit'; sessionId: number }
  | { do: 'publish'; sessionId: number; identity: Identity }
  | { do: 'apply'; sessionId: number; revision: number; mappings: readonly WireMapping[] }
  | { do: 'withdraw'; sessionId: number; code: ErrorCode }
  | { do: 'vouch'; challengerId: number }
  | { do: 'takeOver'; sessionId: number; identity: Identity }
  | { do: 'punish'; sessionId: number; code: ErrorCode };

export class PlayedDirectory implements DirectoryPort {
  private written: DirectoryCall[] = [];
  private readonly reports: ((refused: readonly Refusal[]) => void)[] = [];

  /** What was asked since the last call, in order. */
  calls(): DirectoryCall[] {
    const { written } = this;
    this.written = [];
    return written;
  }

  /** Answers the oldest open `apply`. */
  applied(refused: readonly Refusal[] = []): void {
    const report = this.reports.shift();
    if (report === undefined) throw new Error('no revision is being applied');
    report(refused);
  }

  /** Answers everything that is open. */
  applyAll(): void {
    while (this.reports.length > 0) this.applied();
  }

  /** How the next claims are answered; null: live sessions have to answer, and `answerClaim` does so. */
  claimAnswer: ClaimEvent | null = { type: 'claim.free' };
  private claimReport: ((event: ClaimEvent) => void) | undefined;

  admit(sessionId: number): void {
    this.written.push({ do: 'admit', sessionId });
  }

  claim(_sessionId: number, _identity: Identity, report: (event: ClaimEvent) => void): void {
    this.claimReport = report;
    if (this.claimAnswer !== null) report(this.claimAnswer);
  }

  answerClaim(event: ClaimEvent): void {
    this.claimReport?.(event);
  }

  vouch(challengerId: number): void {
    this.written.push({ do: 'vouch', challengerId });
  }

  takeOver(sessionId: number, identity: Identity): void {
    this.written.push({ do: 'takeOver', sessionId, identity });
  }

  publish(sessionId: number, identity: Identity): void {
    this.written.push({ do: 'publish', sessionId, identity });
  }

  apply(
    sessionId: number,
    revision: number,
    mappings: readonly WireMapping[],
    report: (refused: readonly Refusal[]) => void,
  ): void {
    this.written.push({ do: 'apply', sessionId, revision, mappings });
    this.reports.push(report);
  }

  withdraw(sessionId: number, code: ErrorCode): void {
    this.written.push({ do: 'withdraw', sessionId, code });
  }

  punish(sessionId: number, code: ErrorCode): void {
    this.written.push({ do: 'punish', sessionId, code });
  }
}
