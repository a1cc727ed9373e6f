// How the small charts look: axes, colours and lines for uPlot, from the tokens.

import uPlot from 'uplot';
import { sayCount, sayMs } from '../../format/amounts.ts';
import { lonely } from './lonely.ts';
import { sayClock } from './seriesWords.ts';
import { tokenColor } from '../../theme/tokenColor.ts';

/** `counts`: all and the failed ones, as bars. `latency`: median and 95th percentile, as lines. */
export type ChartKind = 'counts' | 'latency';

const HEIGHT = 144;
const AXIS_FONT = '12px system-ui, sans-serif';

/** Wide enough for `1,234` and `999 ms`. */
const LABELS_WIDTH = 56;

/** The point of a minute that no line leads to. Smaller: it is taken for dust. */
const LONELY_SIZE = 7;

const FEWEST = { counts: 5, latency: 10 } as const;

/** `onPoint` is told the place of the minute under the pointer. */
export function chartOptions(
  kind: ChartKind,
  width: number,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const muted = tokenColor('muted');
  const grid = { stroke: tokenColor('line'), width: 1 };
  const axis = { stroke: muted, font: AXIS_FONT, ticks: { show: false } };
  const say = kind === 'counts' ? sayCount : (ms: number) => (ms === 0 ? '0' : sayMs(ms));
  return {
    width,
    height: HEIGHT,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: kind === 'latency' }, drag: { setScale: false, x: false, y: false } },
    scales: {
      // Half a minute at each end: the first and the last bar are whole.
      x: { range: (_plot, first, last) => [first - 30, last + 30] },
      y: { range: (_plot, _least, most) => [0, Math.max(FEWEST[kind], most * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 60,
        // Clear of the lowest number beside it.
        gap: 9,
        size: 32,
        values: (_plot, marks) => marks.map((mark) => sayClock(mark)),
      },
      {
        ...axis,
        grid,
        size: LABELS_WIDTH,
        space: 36,
        values: (_plot, marks) => marks.map((mark) => say(mark)),
      },
    ],
    series: [{}, ...(kind === 'counts' ? bars() : lines())],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

function bars(): uPlot.Series[] {
  const paths = uPlot.paths.bars?.({ size: [0.7, 14] });
  const bar = (token: string): uPlot.Series => ({
    fill: tokenColor(token),
    width: 0,
    points: { show: false },
    ...(paths === undefined ? {} : { paths }),
  });
  return [bar('accent'), bar('bad')];
}

function lines(): uPlot.Series[] {
  const line = (color: string, dash: number[], points: uPlot.Series.Points): uPlot.Series => ({
    stroke: color,
    width: 1.5,
    dash,
    points: { ...points, show: false, filter: (plot, series) => lonely(plot.data[series] ?? []) },
  });
  const [median, most] = [tokenColor('accent'), tokenColor('busy')];
  return [
    line(median, [], { size: LONELY_SIZE, fill: median, width: 0 }),
    // A ring, in which the other point is seen where both are the same.
    line(most, [4, 3], { size: LONELY_SIZE + 5, fill: 'transparent', stroke: most, width: 1.5 }),
  ];
}
