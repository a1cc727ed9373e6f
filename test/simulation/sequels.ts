// What a quiet world is asked after all has settled: who follows an agent that ends, and who gets a name that is dropped.

import type { AgentSite } from './simAgent.ts';
import type { World } from './world.ts';
import { probePlan } from './plans.ts';
import { claimersOf, copiesOf, isServing, leadsTo, refusedTo } from './worldEnd.ts';

/** A refused copy looks again after a minute, give or take a fifth, and then has to get online. */
const LOOKS_AGAIN_MS = 72_000 + 5_000;

/** From the start of a successor until it serves: its half-open predecessor has one second to answer. */
const REPLACED_MS = 2_000;

/** A dial, its refusal or its config, on any line of these worlds. */
const TOLD_MS = 2_500;

/** Noticing that a wire is dead, and telling whose turn it is. */
const NOTICED_MS = 12_500 + 2_000;

export function playSequels(world: World): void {
  const original = world.sites.find((site) => copiesOf(world, site).length > 1);
  if (!world.isBroken() && original !== undefined) playClones(world, copiesOf(world, original));
  const names = new Set(world.sites.flatMap((site) => site.enabled().map((each) => each.externalDomain)));
  for (const name of names) {
    const claimers = claimersOf(world, name).filter(isServing);
    const owner = claimers.find((site) => leadsTo(world, name, site));
    const waiting = claimers.find((site) => site !== owner);
    if (!world.isBroken() && owner !== undefined && waiting !== undefined)
      playTurns(world, name, owner, waiting);
  }
}

/** Two copies of one agent: the living one serves, until it ends. */
function playClones(world: World, copies: readonly AgentSite[]): void {
  const { invariants, trace } = world;
  const holder = copies.find(isServing);
  const spare = copies.find((site) => !isServing(site));
  if (holder === undefined || spare === undefined) {
    invariants.livingKeepsServing(false, `${copies.filter(isServing).length} copies serve`);
    return;
  }
  trace.note('sequel', `${spare.terms.name} waits behind ${holder.terms.name}`);
  const attempt = holder.agent?.uplink.status.attempt;
  spare.agent?.uplink.reconnect();
  wait(world, TOLD_MS);
  const code = spare.agent?.uplink.status.lastError?.code;
  invariants.livingKeepsServing(
    isServing(holder) && holder.agent?.uplink.status.attempt === attempt,
    `${holder.terms.name} lost its tunnel`,
  );
  invariants.livingKeepsServing(
    code === 'duplicate_agent' && !isServing(spare),
    `${spare.terms.name} heard ${code}`,
  );
  trace.count('clones refused');

  const how = world.random.pick(['stop', 'crash', 'halfOpen'] as const);
  end(world, holder, how);
  wait(world, LOOKS_AGAIN_MS);
  expectServing(world, spare);
  trace.count(`clones took over after ${how}`);

  spare.crash(true);
  world.startAgent(spare);
  wait(world, REPLACED_MS + roundTripsMs(spare));
  expectServing(world, spare);
  trace.count('half-open predecessors replaced');

  world.startAgent(holder);
  wait(world, TOLD_MS);
  invariants.livingKeepsServing(isServing(spare) && !isServing(holder), `${spare.terms.name} was displaced`);
}

/** Two agents that want one name: it goes to the next when the first drops it or ends, and not back by itself. */
function playTurns(world: World, name: string, owner: AgentSite, waiting: AgentSite): void {
  const { invariants, trace } = world;
  const id = owner.enabled().find(({ externalDomain }) => externalDomain === name)?.id ?? '';
  const how = world.random.pick(['drop', 'stop', 'crash', 'halfOpen'] as const);
  trace.note('sequel', `${name}: ${owner.terms.name} ends by ${how}, ${waiting.terms.name} waits`);
  if (how === 'drop') owner.edit(id, { enabled: false }, 1);
  else end(world, owner, how);
  wait(world, how === 'halfOpen' ? NOTICED_MS : TOLD_MS + world.plan.drainMs);
  expectOwner(world, name, waiting);
  trace.count(`names passed on by ${how}`);

  if (how === 'drop') owner.edit(id, { enabled: true }, 1);
  else world.startAgent(owner);
  wait(world, TOLD_MS);
  expectOwner(world, name, waiting);
  invariants.refusalIsTold(refusedTo(owner).includes(id), `${owner.terms.name} came back for ${name}`);
}

function end(world: World, site: AgentSite, how: 'stop' | 'crash' | 'halfOpen'): void {
  if (how === 'stop')
    site.stop(() => {
      world.trace.note('sequel', `${site.terms.name} has left`);
    });
  else site.crash(how === 'halfOpen');
}

function expectServing(world: World, site: AgentSite): void {
  const { name } = site.terms;
  const state = site.agent?.uplink.status.state ?? 'none';
  world.invariants.successorTakesOver(isServing(site), `${name} is ${state}`);
  for (const { id, externalDomain } of site.enabled()) {
    const isRight = leadsTo(world, externalDomain, site) || refusedTo(site).includes(id);
    world.invariants.successorTakesOver(isRight, `${externalDomain} does not lead to ${name}`);
  }
}

function expectOwner(world: World, name: string, site: AgentSite): void {
  const requestId = `s${world.visitors.size}`;
  world.visit(probePlan(requestId, name));
  wait(world, TOLD_MS);
  const isFull = world.visitors.get(requestId)?.ending?.kind === 'full';
  const isOwner = leadsTo(world, name, site);
  world.invariants.successorTakesOver(isOwner && isFull, `${name}: leads ${isOwner}, served ${isFull}`);
  const id = site.enabled().find(({ externalDomain }) => externalDomain === name)?.id ?? '';
  world.invariants.refusalIsTold(!refusedTo(site).includes(id), `${site.terms.name} owns ${name}`);
}

/** TCP, TLS and upgrade are two of its trips here, and the handshake and the config take three more. */
function roundTripsMs({ terms }: AgentSite): number {
  const { latencyMs, jitterMs } = terms.path.line;
  return 8 * (latencyMs + jitterMs) + 50;
}

function wait(world: World, ms: number): void {
  world.runUntil(world.clock.nowMs() + ms);
}
