// Reads the text format of Prometheus, strictly: a line that is none of it, or comes before its type, fails the test.

export interface Exposition {
  /** By series as it is written: `name{label="value"}`. */
  readonly values: ReadonlyMap<string, number>;
  /** Type by name. */
  readonly types: ReadonlyMap<string, string>;
}

const HELP = /^# HELP ([a-z_]+) \S.*$/;
const TYPE = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/;
const SAMPLE = /^(([a-z_]+)(?:\{(?:[a-z_]+="[^"\\\n]*",?)+\})?) (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/** Of a histogram the series have these behind its name. */
const HISTOGRAM_PARTS = /_(?:bucket|sum|count)$/;

export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const values = new Map<string, number>();
  const types = new Map<string, string>();
  const helped = new Set<string>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const help = HELP.exec(line)?.[1];
    const [, typed, type] = TYPE.exec(line) ?? [];
    const [, series, name, value] = SAMPLE.exec(line) ?? [];
    if (help !== undefined) helped.add(help);
    else if (typed !== undefined && type !== undefined && helped.has(typed) && !types.has(typed))
      types.set(typed, type);
    else if (series !== undefined && name !== undefined && !values.has(series) && isTyped(name, types))
      values.set(series, Number(value));
    else throw new Error(`no line of the text format: ${line}`);
  }
  return { values, types };
}

function isTyped(name: string, types: ReadonlyMap<string, string>): boolean {
  return types.has(name) || types.get(name.replace(HISTOGRAM_PARTS, '')) === 'histogram';
}
