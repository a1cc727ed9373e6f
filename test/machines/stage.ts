// Owns the stage on which one machine is tested: simulated time, and a parent that only listens.

import {
  Actor,
  createActor,
  fromTransition,
  type AnyActorLogic,
  type AnyEventObject,
  type InputFrom,
  type InspectionEvent,
} from 'xstate';
import { machineClock } from '../../machines/clock.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';

/** A parent that keeps what its child reports. */
const listenerLogic = fromTransition(
  (heard: readonly AnyEventObject[], event: AnyEventObject) => [...heard, event],
  [],
);

export interface Stage<T extends AnyActorLogic> {
  readonly clock: SimulatedClock;
  readonly actor: Actor<T>;
  /** What the machine said to its parent since the last call, without XState's own events. */
  reports(): AnyEventObject[];
}

/** Starts `logic` under a listening parent. `inspect` sees its transitions. */
export function stage<T extends AnyActorLogic>(
  logic: T,
  input: InputFrom<T>,
  inspect: (event: InspectionEvent) => void = () => {},
  clock = new SimulatedClock(),
): Stage<T> {
  const parent = createActor(listenerLogic, { clock: machineClock(clock), inspect });
  parent.start();
  const actor = new Actor(logic, { input, parent });
  actor.start();
  let read = 0;
  return {
    clock,
    actor,
    reports: () => {
      const heard = parent.getSnapshot().context;
      const fresh = heard.slice(read).filter(({ type }) => !type.startsWith('xstate.'));
      read = heard.length;
      return fresh;
    },
  };
}
