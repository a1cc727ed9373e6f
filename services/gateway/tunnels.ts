// The gateway's tunnels: each wire an agent dials gets a session, and live sessions carry streams.

import type { Actor } from 'xstate';
import type { ActorView, Actors } from '../actors.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { DirectoryPort } from '../../machines/directoryPort.ts';
import type { Random } from '../../machines/random.ts';
import type { RequestHead } from '../../protocol/head.ts';
import type { TokenPort } from '../../protocol/tokens.ts';
import type { ScheduleFlush, Wire, WireHandler } from '../../protocol/wire.ts';
import type { Stream, StreamHandler } from '../../protocol/stream.ts';
import type { ClaimEvent } from '../../machines/admission.ts';
import type { Directory, Found, Verdict } from './directory.ts';
import { sessionMachine, type SessionInput } from '../../machines/session.ts';
import { TunnelError } from '../../protocol/errors.ts';
import { loadOf, type ChannelLoad } from '../channelLoad.ts';
import { WireLink } from '../link.ts';
import { comesTooLate, isNewer } from './rivals.ts';
import type { RouteBook } from './routeBook.ts';
import { createSessionVoice, type SessionVoice } from './sessionVoice.ts';
import { isServing, sessionViewOf, type SessionView } from './sessionView.ts';
import { createThrottle } from './throttle.ts';

/** Wires that have not proven anything yet. Raised: strangers hold more memory. The oldest goes first. */
export const MAX_PENDING_HANDSHAKES = 256;

export interface TunnelsOptions {
  readonly actors: Actors;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: TokenPort;
  readonly schedule: ScheduleFlush;
  readonly directory: Directory;
  readonly version: string;
  readonly gatewayHost: string | null;
  readonly lifetimeMs: number;
  readonly renewAfterMs: number;
  readonly drainMs: number;
  /** How routes stand in Caddy; null: there is no Caddy, and what is confirmed is served. */
  readonly routeBook: RouteBook | null;
  /** Actors of the gateway itself that every agent is told of, behind those of its own session. */
  readonly commonActors: () => readonly ActorView[];
}

/** Who has dialled. */
export interface Peer {
  /** To tell who was refused. */
  readonly address: string;
  /** The name that was dialled; empty: an address, or none. */
  readonly dialled: string;
}

export interface Tunnels {
  /** Takes a wire that is open; `onAdmitted` once it has proven the secret. */
  accept(peer: Peer, open: (handler: WireHandler) => Wire, onAdmitted?: () => void): void;
  /** `port` is the external one that a request came to; null: it is not known. */
  find(host: string, port: number | null): Found;
  /** @throws TunnelError `tunnel_lost` when the session is gone, `overloaded` when it has no room. */
  open(sessionId: number, head: RequestHead, makeHandler: (stream: Stream) => StreamHandler): Stream;
  /** Called after what `find` answers may have changed, once per tick. */
  onChange(listener: () => void): void;
  /** An actor that every agent is told of has moved. */
  noteCommonMove(): void;
  /** Says goaway on every tunnel; resolved by `onGone` once all have ended. */
  drain(onGone: () => void): void;
  /** Those in their handshake included. */
  list(): readonly SessionView[];
  /** What all of them carry right now. */
  load(): ChannelLoad;
  readonly count: number;
}

interface Session {
  readonly peer: Peer;
  readonly actor: Actor<typeof sessionMachine>;
  readonly link: WireLink;
  readonly onAdmitted: (() => void) | undefined;
  readonly voice: SessionVoice;
}

export function createTunnels(options: TunnelsOptions): Tunnels {
  const { actors, bus, clock, directory, schedule, routeBook } = options;
  const sessions = new Map<number, Session>();
  const listeners: (() => void)[] = [];
  const throttle = createThrottle();
  /** Newcomers that wait to hear whether one of these live sessions has their identity. */
  const claims = new Map<number, { challenged: readonly number[]; report: (event: ClaimEvent) => void }>();
  let lastId = 0;
  let isChangeDue = false;
  /** Set while draining; a wire that comes and goes later is no news. */
  let onGone: (() => void) | undefined;

  const shared: DirectoryPort = {
    admit(sessionId) {
      sessions.get(sessionId)?.onAdmitted?.();
    },
    claim(sessionId, identity, report) {
      const rivals = directory.rivalsOf(sessionId, identity);
      if (rivals.some((rival) => isNewer(rival.identity, identity))) {
        report({ type: 'claim.contested', code: 'replaced' });
        return;
      }
      const predecessors = rivals.filter((rival) => rival.identity.epoch !== identity.epoch);
      if (predecessors.length === 0) {
        report({ type: 'claim.free' });
        return;
      }
      const challenged = predecessors.map((rival) => rival.sessionId);
      claims.set(sessionId, { challenged, report });
      for (const id of challenged) sessions.get(id)?.actor.send({ type: 'challenged', by: sessionId });
    },
    vouch(challengerId) {
      claims.get(challengerId)?.report({ type: 'claim.contested', code: 'duplicate_agent' });
      claims.delete(challengerId);
    },
    takeOver(sessionId, identity) {
      // Only those that were asked and kept silent: one that came online meanwhile has not been asked, and one that has
      // left by itself since is still serving what runs.
      const challenged = claims.get(sessionId)?.challenged ?? [];
      claims.delete(sessionId);
      for (const rival of directory.rivalsOf(sessionId, identity)) {
        if (challenged.includes(rival.sessionId))
          sessions.get(rival.sessionId)?.actor.send({ type: 'drop', code: 'replaced' });
      }
    },
    publish(sessionId, identity) {
      for (const rival of directory.rivalsOf(sessionId, identity))
        sessions.get(rival.sessionId)?.actor.send({ type: 'replace' });
      bus.publish(() => ({
        type: 'tunnel.changed',
        tunnel: actorId(sessionId),
        state: 'online',
        code: null,
        detail: identity.agentId,
      }));
      tellChange();
    },
    apply(sessionId, revision, mappings, report) {
      const identity = sessions.get(sessionId)?.actor.getSnapshot().context.identity;
      if (!identity) return;
      const isFirst = !directory.isInForce(sessionId);
      if (isFirst && comesTooLate(identity, directory.rivalsOf(sessionId, identity))) {
        sessions.get(sessionId)?.actor.send({ type: 'drop', code: 'replaced' });
        return;
      }
      // The secret is proven by now: nobody else reserves a name.
      if (isFirst) directory.reserve(sessions.get(sessionId)?.peer.dialled ?? '');
      const [verdict, ...promoted] = directory.apply(sessionId, identity, revision, mappings);
      // Before the confirmation: nothing may look served that has just been edited.
      sessions.get(sessionId)?.voice.onRevision();
      report(verdict.refused);
      tellVerdicts(promoted);
      tellChange();
    },
    withdraw(sessionId) {
      tellVerdicts(directory.withdraw(sessionId));
      tellChange();
    },
    punish(sessionId, code) {
      const address = sessions.get(sessionId)?.peer.address ?? '';
      const isNews = code !== 'auth_failed' || throttle.punish(address, clock.nowMs());
      if (isNews) bus.publish(() => ({ type: 'tunnel.refused', address, code }));
    },
  };

  function tellVerdicts(verdicts: readonly Verdict[]): void {
    for (const { sessionId, revision, refused } of verdicts) {
      sessions.get(sessionId)?.actor.send({ type: 'config.applied', revision, refused });
    }
  }

  function tellChange(): void {
    if (isChangeDue) return;
    isChangeDue = true;
    schedule(() => {
      isChangeDue = false;
      for (const listener of listeners) listener();
    });
  }

  function dropOldestHandshake(): void {
    const pending = [...sessions.values()].filter(({ actor }) => actor.getSnapshot().matches('handshaking'));
    if (pending.length >= MAX_PENDING_HANDSHAKES)
      pending[0]?.actor.send({ type: 'drop', code: 'handshake_crowded' });
  }

  function forget(sessionId: number): void {
    const session = sessions.get(sessionId);
    if (session === undefined) return;
    session.voice.stop();
    sessions.delete(sessionId);
    claims.delete(sessionId);
    const { code, detail, wasOnline } = session.actor.getSnapshot().context;
    if (wasOnline) {
      bus.publish(() => ({
        type: 'tunnel.changed',
        tunnel: actorId(sessionId),
        state: 'offline',
        code,
        detail,
      }));
    }
    if (sessions.size === 0) onGone?.();
  }

  routeBook?.onMoved(() => {
    for (const { voice } of sessions.values()) voice.onRouteMoved();
  });

  return {
    accept(peer, open, onAdmitted) {
      dropOldestHandshake();
      lastId += 1;
      const sessionId = lastId;
      const id = actorId(sessionId);
      const voice = createSessionVoice({
        clock,
        schedule,
        family: () => [...actors.family(id), ...options.commonActors()],
        routes: () => directory.routesOf(sessionId),
        routeBook,
        isServing: () => isServing(actor.getSnapshot()),
        send: (message) => {
          link.send(message);
        },
      });
      const link: WireLink = new WireLink(
        {
          clock,
          schedule,
          report: (event) => {
            if (actor.getSnapshot().status === 'active') actor.send(event);
          },
        },
        open,
      );
      const input: SessionInput = {
        sessionId,
        link,
        tokens: options.tokens,
        random: options.random,
        wallMs: () => clock.wallMs(),
        version: options.version,
        gatewayHost: options.gatewayHost,
        lifetimeMs: options.lifetimeMs,
        renewAfterMs: options.renewAfterMs,
        drainMs: options.drainMs,
        refusalDelayMs: throttle.delayMs(peer.address, clock.nowMs()),
        directory: shared,
      };
      const actor = actors.start(id, sessionMachine, input, () => {
        voice.onActorMoved();
      });
      sessions.set(sessionId, { peer, actor, link, onAdmitted, voice });
      actor.subscribe({
        complete: () => {
          forget(sessionId);
        },
        error: () => {
          link.close('internal', '');
          shared.withdraw(sessionId, 'internal');
          forget(sessionId);
        },
      });
      if (onGone !== undefined) actor.send({ type: 'retire' });
    },
    find: (host, port) => directory.find(host, port),
    open(sessionId, head, makeHandler) {
      const session = sessions.get(sessionId);
      const channel = session?.link.channel;
      if (session === undefined || channel === undefined) throw new TunnelError('tunnel_lost');
      const stream = channel.open(head, makeHandler);
      // The last stream that this wire can name: the agent dials another, and what runs here may finish.
      if (channel.isSpent) session.actor.send({ type: 'retire' });
      return stream;
    },
    onChange(listener) {
      listeners.push(listener);
    },
    noteCommonMove() {
      for (const { voice } of sessions.values()) voice.onActorMoved();
    },
    drain(whenGone) {
      onGone = () => {
        onGone = ignore;
        schedule(whenGone);
      };
      for (const { actor } of [...sessions.values()]) actor.send({ type: 'retire' });
      if (sessions.size === 0) onGone();
    },
    list: () =>
      [...sessions].flatMap(([sessionId, { actor }]) =>
        actors
          .family(actorId(sessionId))
          .slice(0, 1)
          .map((view) => sessionViewOf(view, actor.getSnapshot(), directory.mappingCount(sessionId))),
      ),
    load: () => loadOf([...sessions.values()].map(({ link }) => link)),
    get count() {
      return sessions.size;
    },
  };
}

/** Under which the registry of actors knows a session. */
function actorId(sessionId: number): string {
  return `session.${sessionId}`;
}

function ignore(): void {}
