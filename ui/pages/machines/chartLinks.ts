// The ways between states as they are drawn: one line for each pair, whatever number of events takes it.

import type { Chart, MachineView } from '../../../protocol/api/machines.ts';
import { edgesOf, sayEvent, type FlatEdge } from './chartStates.ts';

export interface ChartLink {
  /** Paths of states; `from` is empty when it leads away from all of them. */
  readonly from: string;
  readonly to: string;
  /** Lines: events, each with the condition it depends on; too long ones are cut. */
  readonly labels: readonly string[];
  /** The events alone, whole. */
  readonly events: readonly string[];
}

type Transition = MachineView['transitions'][number];

/** Longer lines are cut in the drawing; the text beside it has them whole. */
export const MAX_LABEL_CHARS = 32;

/** A condition goes on a line of its own beyond this: wide labels make wide drawings. */
const MAX_JOINED_CHARS = 20;

/** What changes no state is not drawn. */
export function linksOf(chart: Chart): ChartLink[] {
  const links = new Map<string, { from: string; to: string; labels: string[]; events: string[] }>();
  for (const edge of edgesOf(chart))
    for (const to of edge.targets) {
      const key = `${edge.from} ${to}`;
      const link = links.get(key) ?? { from: edge.from, to, labels: [], events: [] };
      link.labels.push(...linesOf(edge));
      link.events.push(edge.event);
      links.set(key, link);
    }
  return [...links.values()];
}

/** Whether the machine took this way: from that state or one within it, to that one or one within it, by one of its events. */
export function isTaken(link: ChartLink, { event, from, to }: Transition): boolean {
  return isAt(from, link.from) && isAt(to, link.to) && link.events.includes(sayEvent(event));
}

/** `auth.accepted [hasRoom]`. */
export function labelOf({ event, guard }: Pick<FlatEdge, 'event' | 'guard'>): string {
  return guard === null ? event : `${event} [${guard}]`;
}

/** The innermost state that holds both ends: where the line is drawn. What leads from a state to one within it is drawn within. */
export function levelOf({ from, to }: Pick<ChartLink, 'from' | 'to'>): string {
  let level = from === to ? parentOf(from) : from;
  while (level !== '' && !isWithin(to, level)) level = parentOf(level);
  // Into a state around it: both ends are within that one.
  return level;
}

/** The state right within `level` that is, or holds, the one at `path`. */
export function childOf(level: string, path: string): string {
  const prefix = level === '' ? '' : `${level}.`;
  return prefix + (path.slice(prefix.length).split('.', 1)[0] ?? '');
}

function isWithin(path: string, around: string): boolean {
  return around === '' || path === around || path.startsWith(`${around}.`);
}

function parentOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
}

function isAt(state: string, path: string): boolean {
  return state.split(' & ').some((each) => isWithin(each, path));
}

function linesOf(edge: FlatEdge): string[] {
  const label = labelOf(edge);
  if (edge.guard === null || label.length <= MAX_JOINED_CHARS) return [shortened(label)];
  return [shortened(edge.event), shortened(`[${edge.guard}]`)];
}

function shortened(label: string): string {
  return label.length <= MAX_LABEL_CHARS ? label : `${label.slice(0, MAX_LABEL_CHARS - 1)}…`;
}
