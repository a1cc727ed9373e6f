// The gateway's tunnels: each wire an agent dials gets a session, and live sessions carry streams.

import type { Actor } from 'xstate';
import type { Actors } from '../actors.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Directory as SessionDirectory } from '../../machines/session.ts';
import type { Random } from '../../machines/random.ts';
import type { RequestHead } from '../../protocol/head.ts';
import type { TokenPort } from '../../protocol/tokens.ts';
import type { ScheduleFlush, Wire, WireHandler } from '../../protocol/wire.ts';
import type { Stream, StreamHandler } from '../../protocol/stream.ts';
import type { Directory, Found } from './directory.ts';
import { sessionMachine } from '../../machines/session.ts';
import { TunnelError } from '../../protocol/errors.ts';
import { WireLink } from '../link.ts';

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
}

export interface Tunnels {
  /** Takes a wire that is open. `address` is its peer's, to tell who was refused. */
  accept(address: string, open: (handler: WireHandler) => Wire): void;
  find(host: string): Found;
  /** @throws TunnelError `tunnel_lost` when the session is gone, `overloaded` when it has no room. */
  open(sessionId: number, head: RequestHead, makeHandler: (stream: Stream) => StreamHandler): Stream;
  /** Called after what `find` answers may have changed, once per tick. */
  onChange(listener: () => void): void;
  /** Says goaway on every tunnel; resolved by `onGone` once all have ended. */
  drain(onGone: () => void): void;
  readonly count: number;
}

interface Session {
  readonly address: string;
  readonly actor: Actor<typeof sessionMachine>;
  readonly link: WireLink;
}

export function createTunnels(options: TunnelsOptions): Tunnels {
  const { actors, bus, clock, directory, schedule } = options;
  const sessions = new Map<number, Session>();
  const listeners: (() => void)[] = [];
  let lastId = 0;
  /** Set while draining; a wire that comes and goes later is no news. */
  let onGone: (() => void) | undefined;

  const shared: SessionDirectory = {
    publish(sessionId, identity) {
      for (const rival of directory.rivalsOf(sessionId, identity))
        sessions.get(rival)?.actor.send({ type: 'replace' });
      bus.publish(() => ({
        type: 'tunnel.changed',
        tunnel: `session.${sessionId}`,
        state: 'online',
        code: null,
        detail: identity.agentId,
      }));
      tellChange();
    },
    apply(sessionId, revision, mappings, report) {
      const identity = sessions.get(sessionId)?.actor.getSnapshot().context.identity;
      report(identity ? directory.apply(sessionId, identity, revision, mappings) : []);
      tellChange();
    },
    withdraw(sessionId) {
      directory.withdraw(sessionId);
      tellChange();
    },
    punish(sessionId) {
      const address = sessions.get(sessionId)?.address ?? '';
      bus.publish(() => ({ type: 'tunnel.refused', address, code: 'auth_failed' }));
    },
  };

  function tellChange(): void {
    schedule(() => {
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
    sessions.delete(sessionId);
    const { code, detail, identity } = session.actor.getSnapshot().context;
    if (identity !== null) {
      bus.publish(() => ({
        type: 'tunnel.changed',
        tunnel: `session.${sessionId}`,
        state: 'offline',
        code,
        detail,
      }));
    }
    if (sessions.size === 0) onGone?.();
  }

  return {
    accept(address, open) {
      dropOldestHandshake();
      lastId += 1;
      const sessionId = lastId;
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
      const actor = actors.start(`session.${sessionId}`, sessionMachine, {
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
        directory: shared,
      });
      sessions.set(sessionId, { address, actor, link });
      actor.subscribe({
        complete: () => {
          forget(sessionId);
        },
        error: () => {
          link.close('internal', '');
          directory.withdraw(sessionId);
          forget(sessionId);
        },
      });
      if (onGone !== undefined) actor.send({ type: 'retire' });
    },
    find: (host) => directory.find(host),
    open(sessionId, head, makeHandler) {
      const channel = sessions.get(sessionId)?.link.channel;
      if (channel === undefined) throw new TunnelError('tunnel_lost');
      return channel.open(head, makeHandler);
    },
    onChange(listener) {
      listeners.push(listener);
    },
    drain(whenGone) {
      onGone = () => {
        onGone = ignore;
        schedule(whenGone);
      };
      for (const { actor } of [...sessions.values()]) actor.send({ type: 'retire' });
      if (sessions.size === 0) onGone();
    },
    get count() {
      return sessions.size;
    },
  };
}

function ignore(): void {}
