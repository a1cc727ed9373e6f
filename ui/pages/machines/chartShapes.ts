// The geometry of a drawn chart: lines that touch a box, loops beside one, and smooth paths.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** `x` and `y` are its upper left corner. */
export interface Frame extends Point {
  readonly width: number;
  readonly height: number;
}

/** How far a loop reaches out of its box, and half of its height. */
const LOOP_WIDTH = 18;
const LOOP_HALF = 8;
const LOOP_GAP = 4;

/** Where the line from the middle of a frame to a point outside crosses its border. */
export function touching({ x, y, width, height }: Frame, outside: Point): Point {
  const middle = { x: x + width / 2, y: y + height / 2 };
  const [dx, dy] = [outside.x - middle.x, outside.y - middle.y];
  const share = Math.min(
    1,
    dx === 0 ? 1 : width / 2 / Math.abs(dx),
    dy === 0 ? 1 : height / 2 / Math.abs(dy),
  );
  return { x: middle.x + dx * share, y: middle.y + dy * share };
}

/** A line out of the right side of a frame and back; `aroundX` is where the room for the label was kept. */
export function loopBeside(
  { x, y, width, height }: Frame,
  aroundX: number,
  labelWidth: number,
): { points: readonly Point[]; at: Point } {
  const right = x + width;
  const middle = y + height / 2;
  const far = right + LOOP_WIDTH;
  return {
    points: [
      { x: right, y: middle - LOOP_HALF },
      { x: far, y: middle - LOOP_HALF },
      { x: far, y: middle + LOOP_HALF },
      { x: right, y: middle + LOOP_HALF },
    ],
    at: { x: Math.max(aroundX, far + LOOP_GAP + labelWidth / 2), y: middle },
  };
}

/** An SVG path through the points, its corners rounded; straight at both ends, so that arrows point well. */
export function smoothPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (first === undefined || last === undefined) return '';
  const curves = rest.map((point, index) => {
    const next = rest[index + 1];
    return next === undefined ? `L${say(point)}` : `Q${say(point)} ${say(between(point, next))}`;
  });
  const [corner] = rest;
  const start = corner === undefined ? '' : `L${say(between(first, corner))}`;
  return `M${say(first)}${start}${curves.join('')}L${say(last)}`;
}

function between(one: Point, other: Point): Point {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

function say({ x, y }: Point): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
