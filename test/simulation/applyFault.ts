// How each fault is done to a world, and how all of them stop.

import type { AgentSite } from './simAgent.ts';
import type { World } from './world.ts';
import type { Edit, Fault } from './faults.ts';
import { NEXT_SECRET, SECRET } from './secret.ts';

/** Between two tries of somebody who guesses: time for a refusal to arrive. */
const HAMMER_GAP_MS = 350;

export function applyFault(world: World, fault: Fault): void {
  world.trace.note('fault', JSON.stringify(fault));
  world.trace.count(`fault ${fault.kind}`);
  if (fault.kind === 'gatewayCrash') {
    crashGateway(world, fault.isHalfOpen, fault.forMs);
    return;
  }
  if (fault.kind === 'gatewayRestart') {
    restartGateway(world, fault.forMs);
    return;
  }
  if (fault.kind === 'rotateGateway') {
    world.secrets = fault.isLast ? [NEXT_SECRET] : [NEXT_SECRET, SECRET];
    restartGateway(world, fault.forMs);
    return;
  }
  if (fault.kind === 'wallJump') {
    world.clock.jumpWall(fault.byMs);
    return;
  }
  const site = world.sites[fault.agent];
  if (site === undefined) return;
  const { path } = site.terms;
  switch (fault.kind) {
    case 'cut':
      path.breakAll('cut', false);
      return;
    case 'stall':
      path.change('stalled', fault.direction);
      whileFaulty(world, fault.forMs, () => {
        path.resume();
      });
      return;
    case 'halfOpen':
      path.change('deaf', fault.direction);
      return;
    case 'outage':
      path.reach = fault.reach;
      if (fault.wires === 'cut') path.breakAll('cut', false);
      if (fault.wires === 'halfOpen') path.change('deaf', 'both');
      whileFaulty(world, fault.forMs, () => {
        path.reach = 'open';
      });
      return;
    case 'agentCrash': {
      site.crash(fault.isHalfOpen);
      startLater(world, site, fault.forMs);
      return;
    }
    case 'agentRestart':
      restartAgent(world, site, fault.forMs);
      return;
    case 'reconnect':
      site.agent?.uplink.reconnect();
      return;
    case 'hammer':
      for (let n = 0; n < fault.times; n += 1)
        world.clock.setTimer(n * HAMMER_GAP_MS, () => site.agent?.uplink.reconnect());
      return;
    case 'rotateAgent':
      site.secret = NEXT_SECRET;
      restartAgent(world, site, fault.forMs);
      return;
    case 'edit':
      edit(site, fault.edit, fault.place);
  }
}

/** Faults stop: dials go through, whoever is down starts, stalled wires go on. What was lost stays lost. */
export function heal(world: World): void {
  world.trace.note('world', 'is quiet');
  for (const { terms } of world.sites) {
    terms.path.reach = 'open';
    terms.path.resume();
  }
  world.startGateway();
  for (const site of world.sites) world.startAgent(site);
}

function whileFaulty(world: World, forMs: number, stop: () => void): void {
  world.clock.setTimer(forMs, () => {
    if (!world.isQuiet) stop();
  });
}

function crashGateway(world: World, isHalfOpen: boolean, forMs: number): void {
  const { gateway } = world;
  if (gateway === undefined) return;
  world.gateway = undefined;
  gateway.crash();
  for (const { terms } of world.sites) terms.path.breakAll('gatewayDied', isHalfOpen);
  whileFaulty(world, forMs, () => {
    world.startGateway();
  });
}

function restartGateway(world: World, forMs: number): void {
  const { gateway } = world;
  if (gateway?.isListening !== true) return;
  gateway.stop(() => {
    if (world.gateway !== gateway) return;
    gateway.crash();
    for (const { terms } of world.sites) terms.path.breakAll('gatewayDied', false);
    world.gateway = undefined;
    if (world.isQuiet) world.startGateway();
    else
      whileFaulty(world, forMs, () => {
        world.startGateway();
      });
  });
}

function restartAgent(world: World, site: AgentSite, forMs: number): void {
  site.stop(() => {
    startLater(world, site, forMs);
  });
}

function startLater(world: World, site: AgentSite, forMs: number): void {
  if (world.isQuiet) world.startAgent(site);
  else
    whileFaulty(world, forMs, () => {
      world.startAgent(site);
    });
}

function edit(site: AgentSite, what: Edit, place: number): void {
  const { mappings } = site.store.snapshot();
  const mapping = mappings[place % Math.max(1, mappings.length)];
  if (mapping === undefined) return;
  const { id, enabled, internalPort } = mapping;
  switch (what) {
    case 'toggle':
      site.edit(id, { enabled: !enabled }, place);
      return;
    case 'retarget':
      site.edit(id, { internalPort: internalPort + 100 }, place);
      return;
    case 'remove':
      site.edit(id, 'remove', place);
      return;
    case 'rename':
      site.edit(id, { name: `${mapping.name} again` }, place);
      return;
    case 'twice':
      site.editTwice(id, enabled);
  }
}
