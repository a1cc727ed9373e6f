// Where everything of a chart is drawn: each state's inside is laid out by dagre, and is then one box of the state around it.

import { graphlib, layout, type EdgeLabel, type GraphLabel, type NodeLabel } from '@dagrejs/dagre';
import type { Chart } from '../../../protocol/api/machines.ts';
import {
  boxOf,
  fitted,
  placed,
  sizeOfLabels,
  sizeOfState,
  TITLE_HEIGHT,
  type Box,
  type Drawing,
  type Wire,
} from './chartBoxes.ts';
import { childOf, levelOf, linksOf, type ChartLink } from './chartLinks.ts';
import { loopBeside, touching, type Frame } from './chartShapes.ts';
import { statesOf, type FlatState } from './chartStates.ts';

type Graph = graphlib.Graph<GraphLabel, NodeLabel, EdgeLabel>;

/** Where a line begins and ends on its level. */
interface Ends {
  readonly tail: string;
  readonly head: string;
}

/**
 * dagre draws no lines to states with others within. So the states of one level are laid out as plain boxes, and a line
 * from or to a state further in goes on straight from the border of the box that it is in.
 */
export function layoutChart(chart: Chart): Drawing {
  return layoutLevel('', statesOf(chart), linksOf(chart));
}

/** What is within the state at `path`. */
function layoutLevel(path: string, states: readonly FlatState[], links: readonly ChartLink[]): Drawing {
  const children = states.filter((state) => state.path !== '' && state.parent === path);
  const insides = new Map(
    children
      .filter((child) => states.some(({ parent }) => parent === child.path))
      .map((child) => [child.path, layoutLevel(child.path, states, links)]),
  );
  const initial = states.find((state) => state.path === path)?.initial ?? null;
  const mine = links
    .filter((link) => levelOf(link) === path)
    .map((link) => ({ link, ends: endsOf(link, path, initial) }));
  const any = anyState(path);
  const shown = mine.some(({ ends }) => ends.tail === any.path) ? [any, ...children] : children;

  const graph: Graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 32, edgesep: 20, ranksep: 36 });
  for (const state of shown) graph.setNode(state.path, { ...sizeOfState(state, insides.get(state.path)) });
  for (const { link, ends } of mine)
    graph.setEdge(ends.tail, ends.head, { ...sizeOfLabels(link), labelpos: 'c' }, `${link.from} ${link.to}`);
  layout(graph);

  const boxes = shown.map((state): Box => ({
    ...boxOf(state, frameOf(graph, state.path)),
    ...(state === any ? { type: 'any' } : {}),
  }));
  const within = [...insides].map(([child, inside]) => {
    const { x, y } = frameOf(graph, child);
    return placed(inside, { x, y: y + TITLE_HEIGHT });
  });
  const all = [...boxes, ...within.flatMap((inside) => inside.boxes)];
  const wires = mine.map(({ link, ends }) => wireOf(link, ends, graph, all));
  return fitted(all, [...wires, ...within.flatMap((inside) => inside.wires)]);
}

function endsOf({ from, to }: ChartLink, path: string, initial: string | null): Ends {
  return {
    tail: from === path ? anyState(path).path : childOf(path, from),
    head: to === path && initial !== null ? initial : childOf(path, to),
  };
}

/** Stands for all states of a level: a line from the state around them begins there. */
function anyState(path: string): FlatState {
  return {
    // No state's path has a space.
    path: `any ${path}`,
    name: path === '' ? 'any state' : 'any of these',
    type: 'atomic',
    parent: path,
    initial: null,
    isInitial: false,
    entry: [],
    invokes: [],
  };
}

function wireOf(link: ChartLink, { tail, head }: Ends, graph: Graph, boxes: readonly Box[]): Wire {
  const { points = [], x = 0, y = 0 } = graph.edge(tail, head, `${link.from} ${link.to}`);
  if (tail === head) return { ...link, ...loopBeside(frameOf(graph, tail), x, sizeOfLabels(link).width) };
  const [first, last] = [points[0], points.at(-1)];
  const innerTail = tail === link.from ? undefined : boxes.find(({ path }) => path === link.from);
  const innerHead = head === link.to ? undefined : boxes.find(({ path }) => path === link.to);
  return {
    ...link,
    points: [
      ...(innerTail === undefined || first === undefined ? [] : [touching(innerTail, first)]),
      ...points,
      ...(innerHead === undefined || last === undefined ? [] : [touching(innerHead, last)]),
    ],
    at: { x, y },
  };
}

function frameOf(graph: Graph, id: string): Frame {
  const { x = 0, y = 0, width, height } = graph.node(id);
  return { x: x - width / 2, y: y - height / 2, width, height };
}
