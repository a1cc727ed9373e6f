// How a world ends: everyone is online, every request over, all credit returned, and nothing is left after shutdown.

import type { AgentSite } from './simAgent.ts';
import type { World } from './world.ts';
import { WireLink } from '../../services/link.ts';
import { probePlan } from './plans.ts';
import { checkLedger } from './simGateway.ts';

/** Once faults have stopped: the promise of being online again. */
const ONLINE_WITHIN_MS = 5_000;

/**
 * The same when only what the agent sends is lost: it hears nothing wrong until the gateway asks (2 s of silence and a
 * tick), and then its own question has to stay open (3 s and a tick) before it dials.
 */
const ONLINE_WHEN_UNHEARD_MS = 6_500;

/** Everything leaves: drains, and closing handshakes. */
export const STOPPED_WITHIN_MS = 20_000;

export function onlineWithinMs({ plan }: World): number {
  const isUnheard = plan.faults.some(({ fault }) => fault.kind === 'halfOpen' && fault.direction === 'up');
  return isUnheard ? ONLINE_WHEN_UNHEARD_MS : ONLINE_WITHIN_MS;
}

export function checkOnline(world: World): void {
  for (const site of world.sites) {
    const { name, knowsSecret, path } = site.terms;
    const state = site.agent?.uplink.status.state ?? 'none';
    const { healthy } = path;
    if (!knowsSecret) {
      const hosts = site.enabled().map(({ externalDomain }) => externalDomain);
      const isOut = hosts.every((host) => world.gateway?.leadsTo(host, [...path.pairs]) !== true);
      world.invariants.strangerIsKeptOut(isOut && !state.startsWith('online'), name);
      continue;
    }
    // Of the copies of an agent one serves.
    const isServed = copiesOf(world, site).some(isServing);
    world.invariants.isOnlineInTime(isServed, name, `${state}, ${healthy.length} healthy wires`);
    if (!isServing(site)) continue;
    for (const { externalDomain } of site.enabled()) {
      const leads = claimersOf(world, externalDomain).some((each) => leadsTo(world, externalDomain, each));
      world.invariants.isOnlineInTime(leads, name, `${externalDomain} does not lead to it (${state})`);
    }
  }
}

/** Asks for every name that there ever was; the checks are for when all has settled. */
export function probe(world: World): (() => void)[] {
  return world.plan.agents.flatMap(({ mappings }, s) =>
    mappings.map(({ domain }, m) => {
      const requestId = `p${s}x${m}`;
      world.visit(probePlan(requestId, domain));
      return () => {
        const isServed = claimersOf(world, domain).some(isServing);
        const ending = world.visitors.get(requestId)?.ending;
        const isRight = isServed
          ? ending?.kind === 'full'
          : ending?.kind === 'error' && ending.code === 'unknown_host';
        world.invariants.worldIsWhole(isRight, `${domain} ${JSON.stringify(ending)}, served: ${isServed}`);
      };
    }),
  );
}

/** Each agent knows which of its names it does not get, and that those it gets are served. */
export function checkTold(world: World): void {
  if (world.isBroken()) return;
  for (const site of world.sites.filter(isServing)) {
    for (const { id, externalDomain } of site.enabled()) {
      const isOwn = leadsTo(world, externalDomain, site);
      const isRefused = refusedTo(site).includes(id);
      const detail = `${site.terms.name} ${externalDomain}, its own: ${isOwn}, refused: ${isRefused}`;
      world.invariants.refusalIsTold(isOwn !== isRefused, detail);
      const route = site.agent?.uplink.status.routes?.get(id)?.state ?? 'pending';
      world.invariants.routeIsTold((route === 'applied') === isOwn, `${detail}, route: ${route}`);
    }
  }
}

/** Mappings that the agent was told it does not get. */
export function refusedTo({ agent }: AgentSite): string[] {
  const errors = agent?.uplink.status.config.errors ?? [];
  return errors.filter(({ code }) => code === 'domain_taken').map(({ id }) => id);
}

/** The site and every other that runs with the same agent id. */
export function copiesOf(world: World, site: AgentSite): AgentSite[] {
  return world.sites.filter(({ terms }) => terms.knowsSecret && terms.agentId === site.terms.agentId);
}

export function claimersOf(world: World, domain: string): AgentSite[] {
  return world.sites.filter(
    (site) =>
      site.terms.knowsSecret && site.enabled().some(({ externalDomain }) => externalDomain === domain),
  );
}

/** It says so, and it is so: a wire that got online is there, not only a dial beside one that is dead. */
export function isServing(site: AgentSite): boolean {
  return (
    site.isOnline &&
    site.terms.path.healthy.some(
      ({ agent: { handler } }) => handler instanceof WireLink && handler.channel !== undefined,
    )
  );
}

export function leadsTo(world: World, domain: string, { terms }: AgentSite): boolean {
  return world.gateway?.leadsTo(domain, terms.path.healthy) === true;
}

export function isCalm(world: World): boolean {
  return (
    world.openVisitors === 0 &&
    world.gateway?.relays.list().length === 0 &&
    world.sites.every(
      ({ agent }) => agent?.forwarder.list().length === 0 && agent.origins.exchanges.size === 0,
    )
  );
}

export function checkSettled(world: World): void {
  const expired = world.trace.counters.get('sessions expired') ?? 0;
  if (world.plan.isCalm) world.invariants.secretOpens(expired === 0, `${expired} sessions expired`);
  for (const { ending, plan } of world.visitors.values())
    world.invariants.endsInTime(
      ending !== null,
      `${plan.requestId} (${plan.method}, origin ${plan.origin.fault})`,
    );
  world.invariants.tableIsEmpty(world.gateway?.relays.list() ?? [], 'gateway');
  for (const { agent, terms } of world.sites) {
    world.invariants.tableIsEmpty(agent?.forwarder.list() ?? [], terms.name);
    const left = [...(agent?.origins.exchanges ?? [])].map(({ plan }) => plan.requestId);
    world.invariants.endsInTime(left.length === 0, `origin requests of ${terms.name}: ${left.join()}`);
  }
}

/** Both ends of every wire that lives have given everything back. */
export function checkReturned(world: World): void {
  for (const { terms } of world.sites) {
    for (const { agent, gateway } of terms.path.healthy) {
      for (const handler of [agent.handler, gateway?.handler])
        if (handler instanceof WireLink) checkLedger(handler, world.invariants, terms.name, true);
    }
  }
}

export function shutDown(world: World): void {
  const { stopsFirst } = world.plan;
  let running = 1 + world.sites.length;
  const stopped = () => {
    running -= 1;
  };
  const stopGateway = () => world.gateway?.stop(stopped);
  const stopAgents = () => {
    for (const { agent } of world.sites) agent?.stop(stopped);
  };
  if (stopsFirst !== 'gateway') stopAgents();
  if (stopsFirst === 'both') stopGateway();
  if (stopsFirst === 'gateway') stopGateway();
  world.runUntil(world.clock.nowMs() + 700);
  if (stopsFirst === 'agents') stopGateway();
  if (stopsFirst === 'gateway') stopAgents();
  world.runUntil(world.clock.nowMs() + STOPPED_WITHIN_MS);
  world.invariants.nothingIsLeft(running === 0, `${running} processes that never stopped`);
  for (const { agent, terms } of world.sites) {
    const { size } = terms.path.pairs;
    world.invariants.nothingIsLeft(size === 0, `${size} wires of ${terms.name}`);
    world.invariants.nothingIsLeft(agent?.process.pendingTimers === 0, `timers of ${terms.name}`);
  }
  world.invariants.nothingIsLeft(world.gateway?.process.pendingTimers === 0, 'timers of the gateway');
  world.invariants.nothingIsLeft(world.clock.pending === 0, `${world.clock.pending} events`);
}
