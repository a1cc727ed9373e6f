// Owns the stage on which the gateway's tunnels meet agents: the real machines and links over simulated ports.

import { createActor } from 'xstate';
import { machineClock } from '../../../machines/clock.ts';
import { connectionMachine } from '../../../machines/connection.ts';
import { RENEW_AFTER_MS, SESSION_LIFETIME_MS } from '../../../machines/session.ts';
import type { WireMapping } from '../../../protocol/mapping.ts';
import { createActors, type ActorView } from '../../../services/actors.ts';
import { createBus } from '../../../services/bus.ts';
import type { Fact } from '../../../services/facts.ts';
import { Directory } from '../../../services/gateway/directory.ts';
import type { RouteBook } from '../../../services/gateway/routeBook.ts';
import { createTunnels } from '../../../services/gateway/tunnels.ts';
import { WireLink } from '../../../services/link.ts';
import { SimPath } from '../../simulation/simNetwork.ts';
import { SimProcess } from '../../simulation/simProcess.ts';
import { createSimTokens } from '../../simulation/simTokens.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { Trace } from '../../simulation/trace.ts';
import { PlayedAgent } from './playedAgent.ts';

/** How long a lost name is remembered. */
const LEASE_MS = 24 * 60 * 60_000;

export const SECRET = 'the secret of these tunnels';
export const LATENCY_MS = 20;
/** A dial, the handshake and the first revision, without any claim that has to wait. */
export const HANDSHAKE_MS = 8 * LATENCY_MS + 50;
export const DRAIN_MS = 5_000;

/** UUIDs that name their agent. */
export const AGENT_IDS = {
  a: '00000000-0000-4000-8000-00000000000a',
  b: '00000000-0000-4000-8000-00000000000b',
};
export type AgentName = keyof typeof AGENT_IDS;

export interface AgentTerms {
  readonly epoch?: string;
  readonly secret?: string;
  /** It publishes `<name>.test` for each. */
  readonly names?: readonly string[];
}

export type StagedAgent = ReturnType<ReturnType<typeof tunnelsStage>['agent']>;

/** `routeBook`: how routes stand in a Caddy in front; there is none unless one is given. */
export function tunnelsStage(secrets: readonly string[] = [SECRET], routeBook: RouteBook | null = null) {
  const clock = new SimulatedClock();
  const trace = new Trace(clock);
  const processOf = (name: string, seed: number) =>
    new SimProcess(clock, trace, { name, seed, bootMs: 1_000 * seed, skewMs: 0 });
  const gateway = processOf('gateway', 1);
  const refusals: Fact<'tunnel.refused'>[] = [];
  const changes: Fact<'tunnel.changed'>[] = [];
  const failures: string[] = [];
  const bus = createBus((error) => {
    throw error;
  });
  bus.on('tunnel.refused', (fact) => refusals.push(fact));
  bus.on('tunnel.changed', (fact) => changes.push(fact));
  let common: readonly ActorView[] = [];
  const directory = new Directory({
    gatewayHost: null,
    offeredPorts: null,
    leaseMs: LEASE_MS,
    nowMs: () => gateway.clock.nowMs(),
  });
  const tunnels = createTunnels({
    actors: createActors(gateway.clock, (id) => failures.push(id)),
    bus,
    clock: gateway.clock,
    random: gateway.random,
    tokens: createSimTokens(gateway, secrets),
    schedule: gateway.schedule,
    directory,
    version: '9.9',
    gatewayHost: null,
    lifetimeMs: SESSION_LIFETIME_MS,
    renewAfterMs: RENEW_AFTER_MS,
    drainMs: DRAIN_MS,
    routeBook,
    commonActors: () => common,
  });
  let boots = 0;

  /** Starts an agent, which dials at once. */
  function agent(name: AgentName, { epoch = 'boot', secret = SECRET, names = [name] }: AgentTerms = {}) {
    boots += 1;
    const process = processOf(`${name}.${boots}`, 10 + boots);
    const path = new SimPath({
      name: `192.0.2.${boots}`,
      line: { latencyMs: LATENCY_MS, jitterMs: 0, bytesPerMs: 10_000, kernelBytes: 65_536, regroups: false },
      clock,
      trace,
      seed: boots,
      findGateway: () => ({
        process: gateway,
        accept: (address, open) => {
          tunnels.accept({ address, dialled: 'tunnel.test' }, open);
        },
      }),
      onEnding: () => undefined,
    });
    const dialer = path.dialerOf(process);
    const { schedule } = process;
    const accept = () => {
      throw new Error('no stream is opened here');
    };
    const connection = createActor(connectionMachine, {
      clock: machineClock(process.clock),
      input: {
        links: {
          dial: (_, report) =>
            new WireLink({ clock: process.clock, schedule, report, accept }, (handler) =>
              dialer.dial(handler),
            ),
        },
        tokens: createSimTokens(process, [secret]),
        random: process.random,
        identity: { agentId: AGENT_IDS[name], epoch, slot: 0 },
        version: '1.2.3',
        config: { revision: 1, mappings: mappingsOf(names) },
        drainMs: DRAIN_MS,
      },
    });
    connection.start();
    connection.send({ type: 'start' });
    return {
      isIn: (state: 'online' | 'rejected' | 'offline') => connection.getSnapshot().matches(state),
      context: () => connection.getSnapshot().context,
      /** What the gateway does not let it publish. */
      refused: () => connection.getSnapshot().context.refused.map(({ code }) => code),
      publish: (revision: number, ...published: string[]) => {
        connection.send({
          type: 'config.changed',
          config: { revision, mappings: mappingsOf(published) },
        });
      },
      reconnect: () => {
        connection.send({ type: 'reconnect' });
      },
      stop: () => {
        connection.send({ type: 'stop' });
      },
      /** Nothing passes on its wires any more, and nobody is told; new ones are well. */
      deafen: () => {
        path.change('deaf', 'both');
      },
      /** Its machine is gone, and nobody is told: half-open wires. */
      vanish: () => {
        process.kill();
        path.breakAll('agentDied', true);
      },
    };
  }

  return {
    clock,
    tunnels,
    directory,
    refusals,
    changes,
    /** Ids of the actors that failed. */
    failures,
    agent,
    /** An actor of the gateway itself has moved. */
    moveCommon(...actors: readonly ActorView[]) {
      common = actors;
      tunnels.noteCommonMove();
    },
    /** An agent that is online by now. */
    online(name: AgentName, terms: AgentTerms = {}) {
      const made = agent(name, terms);
      clock.runFor(HANDSHAKE_MS);
      return made;
    },
    /** A wire on which the test plays the agent, message by message. */
    played: (address: string, epoch = 'played') =>
      new PlayedAgent(clock, { agentId: AGENT_IDS.a, epoch, secret: SECRET }, (open) => {
        tunnels.accept({ address, dialled: 'tunnel.test' }, open);
      }),
    /** Where requests for `<name>.test` go now: a session's number, or why nowhere. */
    serving: (name: string) => {
      const found = directory.find(`${name}.test`, null);
      return found.kind === 'live' ? found.sessionId : found.kind;
    },
  };
}

export function mappingsOf(names: readonly string[]): WireMapping[] {
  return names.map((name, at) => ({
    id: `00000000-0000-4000-9000-${String(at).padStart(12, '0')}`,
    externalDomain: `${name}.test`,
    externalPort: 443,
  }));
}
