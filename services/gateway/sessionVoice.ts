// What a session tells its agent unasked: how it stands itself, and how the routes of the agent's mappings stand.

import type { ActorView } from '../actors.ts';
import type { Clock } from '../../machines/clock.ts';
import type { ControlOf } from '../../protocol/control.ts';
import type { ScheduleFlush } from '../../protocol/wire.ts';
import type { DesiredRoute, RouteBook } from './routeBook.ts';
import { RouteTeller } from './routeTeller.ts';
import { SessionStatus } from './sessionStatus.ts';

export interface SessionVoiceOptions {
  readonly clock: Clock;
  readonly schedule: ScheduleFlush;
  /** The session's actor first, then those below it and those of the gateway itself. */
  readonly family: () => readonly ActorView[];
  /** What the revision in force asks for. */
  readonly routes: () => readonly DesiredRoute[];
  /** Null: no Caddy, and nothing to tell of routes. */
  readonly routeBook: RouteBook | null;
  readonly isServing: () => boolean;
  readonly send: (message: ControlOf<'gateway_status' | 'route_status'>) => void;
}

export interface SessionVoice {
  /** An actor that is told of has moved. */
  onActorMoved(): void;
  /** Some route stands otherwise than before. */
  onRouteMoved(): void;
  /** A revision is in force and about to be confirmed. */
  onRevision(): void;
  stop(): void;
}

export function createSessionVoice(options: SessionVoiceOptions): SessionVoice {
  const { routeBook, routes } = options;
  const status = new SessionStatus(options);
  const teller =
    routeBook === null
      ? null
      : new RouteTeller({
          ...options,
          standings: () => new Map(routes().map((route) => [route.id, routeBook.standingOf(route)])),
        });
  return {
    onActorMoved: () => status.onMoved(),
    onRouteMoved: () => teller?.onMoved(),
    onRevision: () => teller?.onRevision(),
    stop() {
      status.stop();
      teller?.stop();
    },
  };
}
