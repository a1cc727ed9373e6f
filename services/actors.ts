// The registry of live actors: whoever decides something is found here by its id, with its state and its past.

import {
  createActor,
  type Actor,
  type AnyActorLogic,
  type AnyActorRef,
  type InputFrom,
  type InspectionEvent,
} from 'xstate';
import { machineClock, type Clock } from '../machines/clock.ts';

/** Transitions kept for each actor: enough to see what led here. Raised: more memory for every tunnel. */
const KEPT_TRANSITIONS = 50;

export interface Transition {
  readonly event: string;
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
}

/** A live actor as people may see it. Times are milliseconds since 1970. */
export interface ActorView {
  readonly id: string;
  readonly state: string;
  readonly sinceMs: number;
  readonly transitions: readonly Transition[];
}

export interface Actors {
  /**
   * Starts a root actor under `id`, with our clock. It leaves the registry when it is done or stopped. An error inside
   * it goes to `onError` and ends it and its children, nothing else; what `onError` throws is uncaught. Whoever
   * subscribes to the actor observes its errors too: otherwise XState throws the same error uncaught as well.
   */
  start<T extends AnyActorLogic>(id: string, logic: T, input: InputFrom<T>): Actor<T>;
  /** Stops a root actor and its children. */
  stop(id: string): void;
  /** Every live actor, children under their parent's id (`session.3/heartbeat`). */
  list(): readonly ActorView[];
}

interface Entry {
  state: string;
  sinceMs: number;
  transitions: Transition[];
}

export function createActors(clock: Clock, onError: (id: string, error: unknown) => void): Actors {
  const roots = new Map<string, AnyActorRef>();
  const entries = new WeakMap<object, Entry>();
  const xstateClock = machineClock(clock);

  function inspect(event: InspectionEvent): void {
    if (event.type !== '@xstate.snapshot') return;
    const { actorRef } = event;
    const snapshot: unknown = event.snapshot;
    if (!isStateful(snapshot)) return;
    if (snapshot.status !== 'active') {
      entries.delete(actorRef);
      return;
    }
    const state = nameOf(snapshot.value);
    const entry = entries.get(actorRef);
    const atMs = clock.wallMs();
    if (entry === undefined) {
      entries.set(actorRef, { state, sinceMs: atMs, transitions: [] });
    } else if (entry.state !== state) {
      entry.transitions.push({ event: event.event.type, from: entry.state, to: state, atMs });
      if (entry.transitions.length > KEPT_TRANSITIONS) entry.transitions.shift();
      entry.state = state;
      entry.sinceMs = atMs;
    }
  }

  return {
    start(id, logic, input) {
      const actor = createActor(logic, { id, input, clock: xstateClock, inspect });
      roots.set(id, actor);
      actor.subscribe({
        error: (error) => {
          roots.delete(id);
          stopChildren(actor);
          onError(id, error);
        },
        complete: () => {
          roots.delete(id);
        },
      });
      actor.start();
      return actor;
    },
    stop(id) {
      const actor = roots.get(id);
      roots.delete(id);
      if (actor !== undefined && 'stop' in actor && typeof actor.stop === 'function') actor.stop();
    },
    list() {
      const views: ActorView[] = [];
      for (const [id, actor] of roots) collect(id, actor, entries, views);
      return views;
    },
  };
}

function collect(
  path: string,
  actor: AnyActorRef,
  entries: WeakMap<object, Entry>,
  views: ActorView[],
): void {
  const entry = entries.get(actor);
  if (entry !== undefined) views.push({ id: path, ...entry, transitions: [...entry.transitions] });
  for (const [id, child] of childrenOf(actor)) collect(`${path}/${id}`, child, entries, views);
}

/** XState stops children in a transition of their parent: one that has failed makes none, and leaves them their timers. */
function stopChildren(failed: AnyActorRef): void {
  for (const [, child] of childrenOf(failed)) child.send({ type: 'xstate.stop' });
}

function childrenOf(actor: AnyActorRef): [string, AnyActorRef][] {
  const snapshot: unknown = actor.getSnapshot();
  if (!hasChildren(snapshot)) return [];
  return Object.entries(snapshot.children).flatMap(([id, child]): [string, AnyActorRef][] =>
    child === undefined ? [] : [[id, child]],
  );
}

/** `online.lively` for nested states, `a & b` for parallel ones. */
export function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const regions: [string, unknown][] = Object.entries(value);
  return regions.map(([state, inner]) => `${state}.${nameOf(inner)}`).join(' & ');
}

function isStateful(snapshot: unknown): snapshot is { status: string; value: unknown } {
  return typeof snapshot === 'object' && snapshot !== null && 'value' in snapshot && 'status' in snapshot;
}

function hasChildren(snapshot: unknown): snapshot is { children: Record<string, AnyActorRef | undefined> } {
  return typeof snapshot === 'object' && snapshot !== null && 'children' in snapshot;
}
