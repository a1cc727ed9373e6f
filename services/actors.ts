// The registry of live actors: whoever decides something is found here by its id, with its state and its past.

import {
  Actor,
  createActor,
  StateMachine,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyStateMachine,
  type InputFrom,
  type InspectionEvent,
} from 'xstate';
import { machineClock, type Clock } from '../machines/clock.ts';
import type { Chart } from '../protocol/api/machines.ts';
import { chartOf } from './chart.ts';
import { showable } from './showable.ts';

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
  /** The name of the chart it follows. */
  readonly machine: string;
  readonly state: string;
  readonly sinceMs: number;
  readonly transitions: readonly Transition[];
}

/** One of them in full: what it holds is made safe to show. */
export interface ActorDetail extends ActorView {
  readonly definition: Chart | null;
  readonly context: Readonly<Record<string, unknown>>;
}

export interface Actors {
  /**
   * Starts a root actor under `id` (without a slash), with our clock. It leaves the registry when it is done or stopped.
   * An error inside it goes to `onError` and ends it and its children, nothing else; what `onError` throws is uncaught.
   * Whoever subscribes to the actor observes its errors too: otherwise XState throws the same error uncaught as well.
   * `onMoved` is called from within each change of state of the actor or of one below it, the first and the last too.
   */
  start<T extends AnyActorLogic>(id: string, logic: T, input: InputFrom<T>, onMoved?: () => void): Actor<T>;
  /** Stops a root actor and its children. */
  stop(id: string): void;
  /** Every live actor, children under their parent's id (`session.3/heartbeat`). */
  list(): readonly ActorView[];
  /** A live root actor and those below it; none when there is no such root. */
  family(rootId: string): readonly ActorView[];
  /** A live actor by the id that `list` gives it. */
  find(id: string): ActorDetail | undefined;
}

interface Entry {
  state: string;
  sinceMs: number;
  transitions: Transition[];
}

/** `onAnyMoved` is called from within each change of state of any of them. */
export function createActors(
  clock: Clock,
  onError: (id: string, error: unknown) => void,
  onAnyMoved: () => void = ignore,
): Actors {
  const roots = new Map<string, AnyActorRef>();
  const entries = new WeakMap<object, Entry>();
  const xstateClock = machineClock(clock);

  function inspect(event: InspectionEvent, onMoved: () => void): void {
    if (event.type !== '@xstate.snapshot') return;
    const { actorRef } = event;
    const snapshot: unknown = event.snapshot;
    if (!isStateful(snapshot)) return;
    if (snapshot.status !== 'active') {
      if (entries.delete(actorRef)) onMoved();
      return;
    }
    const state = nameOf(snapshot.value);
    const entry = entries.get(actorRef);
    const atMs = clock.wallMs();
    if (entry === undefined) {
      entries.set(actorRef, { state, sinceMs: atMs, transitions: [] });
      onMoved();
    } else if (entry.state !== state) {
      entry.transitions.push({ event: event.event.type, from: entry.state, to: state, atMs });
      if (entry.transitions.length > KEPT_TRANSITIONS) entry.transitions.shift();
      entry.state = state;
      entry.sinceMs = atMs;
      onMoved();
    }
  }

  function family(rootId: string): readonly Member[] {
    const root = roots.get(rootId);
    return root === undefined ? [] : membersOf(rootId, root);
  }

  return {
    start(id, logic, input, onMoved = ignore) {
      const actor = createActor(logic, {
        id,
        input,
        clock: xstateClock,
        inspect: (event) => {
          inspect(event, () => {
            onMoved();
            onAnyMoved();
          });
        },
      });
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
    list: () => [...roots.keys()].flatMap((id) => viewsOf(family(id), entries)),
    family: (rootId) => viewsOf(family(rootId), entries),
    find(id) {
      const member = family(id.split('/', 1)[0] ?? '').find(({ path }) => path === id);
      const view = member === undefined ? undefined : viewOf(member, entries);
      if (member === undefined || view === undefined) return undefined;
      const machine = machineOf(member.actor);
      const definition = machine === undefined ? null : chartOf(machine);
      return { ...view, definition, context: showable(contextOf(member.actor)) };
    },
  };
}

/** A live actor and where it stands: `session.3/heartbeat`. */
interface Member {
  readonly path: string;
  readonly actor: AnyActorRef;
}

function membersOf(path: string, actor: AnyActorRef): Member[] {
  const below = childrenOf(actor).flatMap(([id, child]) => membersOf(`${path}/${id}`, child));
  return [{ path, actor }, ...below];
}

function viewsOf(members: readonly Member[], entries: WeakMap<object, Entry>): ActorView[] {
  return members.flatMap((member) => viewOf(member, entries) ?? []);
}

/** Undefined for an actor without states. */
function viewOf({ path, actor }: Member, entries: WeakMap<object, Entry>): ActorView | undefined {
  const entry = entries.get(actor);
  if (entry === undefined) return undefined;
  return { id: path, machine: machineOf(actor)?.id ?? '', ...entry, transitions: [...entry.transitions] };
}

function machineOf(actor: AnyActorRef): AnyStateMachine | undefined {
  return actor instanceof Actor && actor.logic instanceof StateMachine ? actor.logic : undefined;
}

function contextOf(actor: AnyActorRef): unknown {
  const snapshot: unknown = actor.getSnapshot();
  return typeof snapshot === 'object' && snapshot !== null && 'context' in snapshot ? snapshot.context : {};
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

function ignore(): void {}
