// Metrics as Prometheus reads them: a register for each service, in which facts are counted and levels read when asked for.

import { Counter, Gauge, Histogram, prometheusContentType, Registry } from 'prom-client';

/** A metric as it is told: what its page in the documentation holds too. */
export interface MetricSpec {
  /** Whole, prefix included. Base units: seconds, bytes; `_total` on what only rises. */
  readonly name: string;
  readonly help: string;
}

export interface LabelledSpec<Label extends string> extends MetricSpec {
  /** Of few values each: every combination that comes up is a series for as long as the service runs. */
  readonly labels: readonly Label[];
}

export interface DescribedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** One series of a counter: whoever counts often keeps it, and adds to it. */
export interface Count {
  value: number;
}

export type CountUp<Label extends string> = (labels: Readonly<Record<Label, string>>, by?: number) => void;

export class Metrics {
  readonly contentType = prometheusContentType;
  private readonly registry = new Registry();
  private readonly described: DescribedMetric[] = [];
  /** Times it was asked. */
  private reads = 0;

  /** Everything in the text format; levels are read now. */
  read(): Promise<string> {
    this.reads += 1;
    return this.registry.metrics();
  }

  list(): readonly DescribedMetric[] {
    return this.described;
  }

  /** What several levels of one answer are read from is looked at once. */
  once<Seen extends object>(look: () => Seen): () => Seen {
    let last: { readonly read: number; readonly seen: Seen } | null = null;
    return () => {
      if (last?.read !== this.reads) last = { read: this.reads, seen: look() };
      return last.seen;
    };
  }

  /** Counts what happens. */
  counter<Label extends string>(spec: LabelledSpec<Label>): CountUp<Label> {
    const counter = new Counter({ ...this.configOf(spec, 'counter'), labelNames: [...spec.labels] });
    return (labels, by) => counter.inc(labels, by);
  }

  /** The same for what happens with every request: adding to a series that is kept costs next to nothing. */
  counts<Label extends string>(
    spec: LabelledSpec<Label>,
  ): (labels: Readonly<Record<Label, string>>) => Count {
    const series: { readonly labels: Readonly<Record<Label, string>>; readonly count: Count }[] = [];
    const counter = new Counter<Label>({
      ...this.configOf(spec, 'counter'),
      labelNames: [...spec.labels],
      collect: () => {
        counter.reset();
        for (const { labels, count } of series) counter.inc(labels, count.value);
      },
    });
    return (labels) => {
      const count: Count = { value: 0 };
      series.push({ labels, count });
      return count;
    };
  }

  /**
   * Counts by one word, of which all that can come up are known: they are told as zero until they do. A first rise is seen
   * only where there was a zero before it.
   */
  countsBy<Word extends string>(
    { label, ...spec }: MetricSpec & { readonly label: string },
    words: readonly Word[],
  ): (word: Word, by?: number) => void {
    const open = this.counts({ ...spec, labels: [label] });
    const series = new Map<Word, Count>();
    function seriesOf(word: Word): Count {
      const known = series.get(word);
      if (known !== undefined) return known;
      const fresh = open({ [label]: word });
      series.set(word, fresh);
      return fresh;
    }
    for (const word of words) seriesOf(word);
    return (word, by = 1) => {
      seriesOf(word).value += by;
    };
  }

  /** Takes one duration at a time, in seconds. `buckets`: upper bounds, rising. */
  histogram(spec: MetricSpec, buckets: readonly number[]): (seconds: number) => void {
    const histogram = new Histogram({ ...this.configOf(spec, 'histogram'), buckets: [...buckets] });
    return (seconds) => histogram.observe(seconds);
  }

  /** Tells what is true now; null: not known, and not told. */
  level(spec: MetricSpec, read: () => number | null): void {
    const gauge: Gauge = new Gauge({
      ...this.configOf(spec, 'gauge'),
      collect: () => {
        const value = read();
        if (value === null) gauge.remove();
        else gauge.set(value);
      },
    });
  }

  /** The same for a family of values, by what their label says. */
  levels(spec: MetricSpec & { readonly label: string }, read: () => Readonly<Record<string, number>>): void {
    const gauge: Gauge = new Gauge({
      ...this.configOf({ ...spec, labels: [spec.label] }, 'gauge'),
      labelNames: [spec.label],
      collect: () => {
        gauge.reset();
        for (const [value, level] of Object.entries(read())) gauge.set({ [spec.label]: value }, level);
      },
    });
  }

  /** Tells how far something has risen that is counted elsewhere. */
  total(spec: MetricSpec, read: () => number): void {
    const counter: Counter = new Counter({
      ...this.configOf(spec, 'counter'),
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  /** As above, where asking takes a turn of the event loop. */
  sample(spec: MetricSpec, read: () => Promise<number>): void {
    const gauge: Gauge = new Gauge({
      ...this.configOf(spec, 'gauge'),
      collect: async () => {
        gauge.set(await read());
      },
    });
  }

  private configOf(
    { name, help, labels = [] }: MetricSpec & { readonly labels?: readonly string[] },
    type: string,
  ) {
    this.described.push({ name, type, labels });
    return { name, help, registers: [this.registry] };
  }
}
