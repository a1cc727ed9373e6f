// Follows the certificates of all published names: has each looked at when the machine says so, and hears what Caddy logs of them.

import type { Actors } from '../actors.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Log } from '../log.ts';
import { certificatesMachine } from '../../machines/certificates.ts';
import type { ProbeResult } from '../../machines/probeSchedule.ts';
import type { CertificateBook, PublishedName } from './certificateBook.ts';
import { probeCertificate, type ProbeCertificate, type Probed } from './certificateProbe.ts';
import { parseIssuance, type IssuanceProblem } from './issuanceLog.ts';
import { followLog } from './logFollower.ts';
import type { NameCheck, NameFinding } from './nameCheck.ts';
import { findClosedPort, type FindClosedPort } from './portCheck.ts';
import type { RouteBook } from './routeBook.ts';

/** Under which the registry of actors knows it. */
export const CERTIFICATES_ID = 'certificates';

/**
 * Looks in vain after which port 80 is suspected, and a name that leads elsewhere, about half a minute: a certificate may as
 * well be proven on port 443, and through a proxy. Lowered: names that are about to be issued look failed.
 */
const OVERDUE_AFTER_TRIES = 5;

/** One attempt asks several certificate authorities, and the last of them may only say that it does not know us. */
const SAME_ATTEMPT_MS = 60_000;

export interface CertificateWatchOptions {
  readonly actors: Actors;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Which names there are, and where Caddy listens for them. */
  readonly book: RouteBook;
  /** Is kept up to date. */
  readonly certificates: CertificateBook;
  readonly names: NameCheck;
  /** The gateway's own public name, on port 443: agents need its certificate as visitors do theirs. */
  readonly gatewayHost: string | null;
  /** Where Caddy's listeners are reached. */
  readonly caddyHost: string;
  /** Caddy's own log; null: it cannot be had. */
  readonly logFile: string | null;
  readonly probe?: ProbeCertificate;
  readonly findClosed?: FindClosedPort;
}

/** Returns its stop. */
export function startCertificateWatch(options: CertificateWatchOptions): () => Promise<void> {
  const { actors, book, certificates, clock, log, names, caddyHost, gatewayHost, logFile } = options;
  const { probe = probeCertificate, findClosed = findClosedPort } = options;
  const stopping = new AbortController();
  let published = new Map<string, Published>();
  /** When the certificate authority's last word on a domain came. */
  const saidMs = new Map<string, number>();
  /** Those that the log has told of. */
  const failed = new Set<string>();

  const actor = actors.start(CERTIFICATES_ID, certificatesMachine, {
    nowMs: () => clock.nowMs(),
    probe: (key, tries, report) => {
      const name = published.get(key);
      const looking = name === undefined ? Promise.resolve<ProbeResult>('none') : look(name, tries);
      looking.then(
        (result) => {
          if (!stopping.signal.aborted) report(result);
        },
        (error: unknown) => {
          if (stopping.signal.aborted) return;
          log.warn({ error }, 'A certificate could not be looked at.');
          report('none');
        },
      );
    },
  });

  async function look(name: PublishedName, tries: number): Promise<ProbeResult> {
    const port = book.listenPortOf(name.port);
    const { signal } = stopping;
    const asked = { host: caddyHost, name: name.domain, nowMs: clock.wallMs(), signal };
    const probed = port === null ? UNREACHABLE : await probe({ ...asked, port });
    if (probed.kind === 'issued' || probed.kind === 'plain') {
      certificates.note(name, { probed });
      return probed.kind;
    }
    // Known for sure, and only not seen just now.
    const wasIssued = certificates.certificateOf(name)?.state === 'issued';
    if (probed.kind === 'none' || !wasIssued) await examine(name, tries, probed);
    return 'none';
  }

  /** No route waits to be written for what DNS says: a name server that is wrong must keep no service away. */
  async function examine(name: PublishedName, tries: number, probed: Probed) {
    const found = await names.check(name.domain);
    const isOverdue = tries >= OVERDUE_AFTER_TRIES;
    const closedAddress =
      isOverdue && found.kind !== 'local' ? await findClosed(found.ownAddresses, stopping.signal) : null;
    if (stopping.signal.aborted) return;
    const before = certificates.factsOf(name);
    // Servers that do not answer have not taken back what they said.
    if (found.kind === 'unknown' && before.finding !== null) {
      certificates.note(name, { probed, closedAddress, isOverdue });
      return;
    }
    // What the certificate authority said was of what DNS had then.
    const hasMoved = before.finding !== null && !isSamePlace(before.finding, found);
    certificates.note(name, {
      probed,
      finding: found,
      closedAddress,
      isOverdue,
      ...(hasMoved ? { problem: null } : {}),
    });
  }

  /** Those with routes of somebody else are not ours to speak of. */
  function follow(): void {
    if (stopping.signal.aborted) return;
    const before = published;
    published = new Map();
    const moved: string[] = [];
    const add = (domain: string, port: number, isApplied: boolean) => {
      const key = `${domain}:${port}`;
      published.set(key, { domain, port, isApplied });
      certificates.publish({ domain, port });
      if (isApplied && before.get(key)?.isApplied === false) moved.push(key);
    };
    // Its route is written with the others, and is there when they are.
    const isSeen = book.listenPortOf(443) !== null;
    if (gatewayHost !== null) add(gatewayHost, 443, isSeen);
    for (const [{ domain, port }, { state }] of book.standings())
      if (state !== 'conflict') add(domain, port, state === 'applied');
    for (const [key, name] of before) if (!published.has(key)) forget(key, name);
    actor.send({ type: 'names.wanted', names: [...published.keys()] });
    if (moved.length > 0) actor.send({ type: 'names.moved', names: moved });
  }

  function forget(key: string, name: PublishedName): void {
    certificates.forget(name);
    failed.delete(key);
    if (certificates.portsOf(name.domain).length === 0) saidMs.delete(name.domain);
  }

  function hear(line: string): void {
    const issuance = parseIssuance(line);
    if (issuance === null || stopping.signal.aborted) return;
    const { domain, problem } = issuance;
    for (const port of certificates.portsOf(domain)) {
      if (problem !== null) noteProblem({ domain, port }, problem);
      else actor.send({ type: 'names.moved', names: [`${domain}:${port}`] });
    }
  }

  function noteProblem(name: PublishedName, problem: IssuanceProblem): void {
    const known = certificates.factsOf(name).problem;
    const isSameAttempt = clock.nowMs() - (saidMs.get(name.domain) ?? -Infinity) < SAME_ATTEMPT_MS;
    if (problem.kind === 'other' && known !== null && known.kind !== 'other' && isSameAttempt) return;
    saidMs.set(name.domain, clock.nowMs());
    certificates.note(name, { problem });
  }

  certificates.onMoved(({ domain, port }, now) => {
    const key = `${domain}:${port}`;
    const { state = null, reason = '' } = now ?? {};
    options.bus.publish(() => ({ type: 'certificate.changed', domain, port, state, reason }));
    if (state === 'failed') {
      failed.add(key);
      log.warn({ domain, port, reason }, 'A published name has no certificate.');
    } else if (state === 'issued' && failed.delete(key))
      log.info({ domain, port }, 'A published name has its certificate now.');
  });
  book.onRouteMoved(follow);
  follow();
  const stopFollowing =
    logFile === null
      ? null
      : followLog({
          path: logFile,
          clock,
          onLine: hear,
          onTrouble: (code) => {
            if (code === null) log.info({ path: logFile }, "Caddy's log can be read.");
            else
              log.warn({ path: logFile, code }, "Caddy's log cannot be read: OCTOPORTY_CADDY_LOG names it.");
          },
        });

  return async () => {
    stopping.abort();
    names.close();
    actors.stop(CERTIFICATES_ID);
    await stopFollowing?.();
  };
}

interface Published extends PublishedName {
  readonly isApplied: boolean;
}

const UNREACHABLE: Probed = { kind: 'unreachable' };

function isSamePlace(one: NameFinding, other: NameFinding): boolean {
  return one.kind === other.kind && one.addresses.join() === other.addresses.join();
}
