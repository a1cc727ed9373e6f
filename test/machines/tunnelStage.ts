// Owns the stage on which the agent's connection meets the gateway's sessions, over links in memory.

import { createActor, type Actor } from 'xstate';
import { machineClock } from '../../machines/clock.ts';
import { connectionMachine } from '../../machines/connection.ts';
import type { ClaimEvent } from '../../machines/admission.ts';
import type { Refusal } from '../../machines/configSync.ts';
import type { Link, LinkEvent } from '../../machines/link.ts';
import type { DirectoryPort } from '../../machines/directoryPort.ts';
import { RENEW_AFTER_MS, SESSION_LIFETIME_MS, sessionMachine } from '../../machines/session.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { FakeTokens } from './fakeTokens.ts';
import { LinkPair } from './linkPair.ts';

export const LATENCY_MS = 40;
export const DRAIN_MS = 30_000;

/** TCP asks again for a connection after this long, then after twice as long (RFC 6298 §2, §5). */
const SYN_AGAIN_MS = 1_000;

export interface Tunnel {
  readonly pair: LinkPair;
  readonly session: Actor<typeof sessionMachine>;
  readonly dialledMs: number;
}

/** Publishes at once; the newest wire of an agent replaces the older ones. */
class OpenDirectory implements DirectoryPort {
  readonly applied: number[] = [];
  readonly withdrawn: [number, ErrorCode][] = [];
  punished = 0;
  private readonly clock: SimulatedClock;
  private readonly tunnels: readonly Tunnel[];

  constructor(clock: SimulatedClock, tunnels: readonly Tunnel[]) {
    this.clock = clock;
    this.tunnels = tunnels;
  }

  admit(): void {
    // Nobody is bounded here.
  }

  claim(_: number, __: unknown, report: (event: ClaimEvent) => void): void {
    report({ type: 'claim.free' });
  }

  vouch(): void {
    throw new Error('nobody is challenged here');
  }

  takeOver(): void {
    throw new Error('nobody is silent here');
  }

  publish(sessionId: number): void {
    this.clock.post(() => {
      for (const { session } of this.tunnels.slice(0, sessionId))
        if (session.getSnapshot().status === 'active') session.send({ type: 'replace' });
    });
  }

  apply(_: number, revision: number, __: unknown, report: (refused: readonly Refusal[]) => void): void {
    this.clock.post(() => {
      this.applied.push(revision);
      report([]);
    });
  }

  withdraw(sessionId: number, code: ErrorCode): void {
    this.withdrawn.push([sessionId, code]);
  }

  punish(): void {
    this.punished += 1;
  }
}

export function tunnelStage({ agentSecret = 'shared', seed = 1 } = {}) {
  const clock = new SimulatedClock();
  const timers = machineClock(clock);
  const random = new SeededRandom(seed);
  const tunnels: Tunnel[] = [];
  const directory = new OpenDirectory(clock, tunnels);
  const network = { isDown: false, gatewaySecret: 'shared', previousSecret: 'previous' };

  function accept(toAgent: (event: LinkEvent) => void): Link {
    const pair = new LinkPair(clock, LATENCY_MS, toAgent, (event) => {
      session.send(event);
    });
    const session = createActor(sessionMachine, {
      clock: timers,
      input: {
        sessionId: tunnels.length,
        link: pair.gateway,
        tokens: new FakeTokens([network.gatewaySecret, network.previousSecret], (answer) =>
          clock.post(answer),
        ),
        random,
        wallMs: () => clock.wallMs(),
        version: '9.9',
        gatewayHost: null,
        lifetimeMs: SESSION_LIFETIME_MS,
        renewAfterMs: RENEW_AFTER_MS,
        drainMs: DRAIN_MS,
        refusalDelayMs: 0,
        directory,
      },
    });
    tunnels.push({ pair, session, dialledMs: clock.nowMs() });
    const knock = (afterMs: number) =>
      clock.setTimer(afterMs, () => {
        if (pair.agent.isOver) return;
        if (network.isDown) {
          knock(2 * afterMs);
          return;
        }
        toAgent({ type: 'link.opened' });
        session.start();
      });
    clock.setTimer(LATENCY_MS, () => {
      if (network.isDown) knock(SYN_AGAIN_MS);
      else knock(0);
    });
    return pair.agent;
  }

  const connection = createActor(connectionMachine, {
    clock: timers,
    input: {
      links: { dial: (_, report) => accept(report) },
      tokens: new FakeTokens(agentSecret, (answer) => clock.post(answer)),
      random,
      identity: { agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01', epoch: 'boot', slot: 0 },
      version: '1.2.3',
      config: { revision: 1, mappings: [] },
      drainMs: DRAIN_MS,
    },
  });
  connection.start();
  connection.send({ type: 'start' });

  return {
    clock,
    connection,
    directory,
    network,
    tunnels,
    tunnel: (at = -1): Tunnel => {
      const tunnel = tunnels.at(at);
      if (tunnel === undefined) throw new Error(`only ${tunnels.length} dials so far`);
      return tunnel;
    },
    isIn: (...states: Parameters<ReturnType<typeof connection.getSnapshot>['matches']>) =>
      connection.getSnapshot().matches(...states),
    context: () => connection.getSnapshot().context,
    /** From now on nothing passes, and nobody is told. */
    cut: () => {
      network.isDown = true;
      for (const { pair } of tunnels) pair.isSilent = true;
    },
  };
}
