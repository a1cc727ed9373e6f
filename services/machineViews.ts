// Live actors as the APIs of both ends say them.

import type { MachineDetail, MachineView } from '../protocol/api/machines.ts';
import { instantOf } from '../protocol/api/values.ts';
import type { ActorDetail, ActorView } from './actors.ts';
import { eventNameOf } from './chart.ts';

/** Which of our two services an actor lives in. */
export type Place = MachineView['place'];

export function machineViewOf(
  { id, machine, state, sinceMs, transitions }: ActorView,
  place: Place,
): MachineView {
  return {
    id,
    place,
    machine,
    state,
    since: instantOf(sinceMs),
    transitions: transitions.map(({ event, from, to, atMs }) => ({
      event: eventNameOf(event),
      from,
      to,
      at: instantOf(atMs),
    })),
  };
}

export function machineDetailOf(actor: ActorDetail, place: Place): MachineDetail {
  const { definition, context } = actor;
  return { ...machineViewOf(actor, place), definition, context: { ...context } };
}
