// The boxes and lines a drawn chart is made of, their sizes, and how parts are put into place.

import type { ChartLink } from './chartLinks.ts';
import type { FlatState } from './chartStates.ts';
import type { Frame, Point } from './chartShapes.ts';

/** A state's place, in pixels from the drawing's upper left corner. */
export interface Box extends Frame {
  readonly path: string;
  readonly label: string;
  /** `any`: no state, but where that begins which leads away from every state beside it. */
  readonly type: FlatState['type'] | 'any';
  readonly isInitial: boolean;
  /** Actors that live while the machine is there; only on a state without states of its own. */
  readonly notes: readonly string[];
}

/** All ways from one state to another, as one line with its labels. */
export interface Wire extends ChartLink {
  readonly points: readonly Point[];
  /** The middle of the labels. */
  readonly at: Point;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Those around others come first. */
  readonly boxes: readonly Box[];
  readonly wires: readonly Wire[];
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Of the monospaced face at 12 px, a hair more than it takes: a label must not touch what is beside it. */
const CHAR_WIDTH = 7.4;
export const LINE_HEIGHT = 16;

const PADDING_X = 12;
const PADDING_Y = 8;
/** Above the states within a state: its name. */
export const TITLE_HEIGHT = 24;
/** Around what is within, and around the whole: the dot that leads to an initial state has its place there. */
const MARGIN = 20;

/** With what is within it, if anything is. */
export function sizeOfState(state: FlatState, inside: Drawing | undefined): Size {
  const text = sizeOfText(linesIn(state));
  if (inside === undefined) return text;
  return { width: Math.max(text.width, inside.width), height: inside.height + TITLE_HEIGHT };
}

export function sizeOfText(lines: readonly string[]): Size {
  return {
    width: Math.ceil(widthOf(lines)) + 2 * PADDING_X,
    height: lines.length * LINE_HEIGHT + 2 * PADDING_Y,
  };
}

export function sizeOfLabels({ labels }: Pick<ChartLink, 'labels'>): Size {
  return { width: widthOf(labels), height: labels.length * LINE_HEIGHT };
}

export function boxOf(state: FlatState, frame: Frame): Box {
  const { path, name: label, type, isInitial } = state;
  return { ...frame, path, label, type, isInitial, notes: linesIn(state).slice(1) };
}

export function placed({ boxes, wires, ...size }: Drawing, by: Point): Drawing {
  const move = ({ x, y }: Point): Point => ({ x: x + by.x, y: y + by.y });
  return {
    ...size,
    boxes: boxes.map((box) => ({ ...box, ...move(box) })),
    wires: wires.map((wire) => ({ ...wire, points: wire.points.map(move), at: move(wire.at) })),
  };
}

/** In the upper left corner, with a margin: lines and labels may reach beyond what was laid out. */
export function fitted(boxes: readonly Box[], wires: readonly Wire[]): Drawing {
  const corners = [
    ...boxes.flatMap(({ x, y, width, height }) => [
      { x, y },
      { x: x + width, y: y + height },
    ]),
    ...wires.flatMap((wire) => [...wire.points, ...cornersOfLabels(wire)]),
  ];
  const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const size = {
    width: Math.ceil(Math.max(...xs) - left + 2 * MARGIN),
    height: Math.ceil(Math.max(...ys) - top + 2 * MARGIN),
  };
  return placed({ ...size, boxes, wires }, { x: MARGIN - left, y: MARGIN - top });
}

function cornersOfLabels(wire: Wire): Point[] {
  const { width, height } = sizeOfLabels(wire);
  const { x, y } = wire.at;
  return [
    { x: x - width / 2, y: y - height / 2 },
    { x: x + width / 2, y: y + height / 2 },
  ];
}

function linesIn({ name, initial, invokes }: FlatState): string[] {
  return [name, ...(initial === null ? invokes.map((actor) => `runs ${actor}`) : [])];
}

function widthOf(lines: readonly string[]): number {
  return Math.max(...lines.map((line) => line.length * CHAR_WIDTH));
}
