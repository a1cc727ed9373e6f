// Owns the test that docs/operations.md tells of the metrics, log fields and alerts that there are, and of no others.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createAgentMetrics } from '../../services/agent/agentMetrics.ts';
import { createBus } from '../../services/bus.ts';
import { createGatewayMetrics } from '../../services/gateway/gatewayMetrics.ts';
import { RouteBook } from '../../services/gateway/routeBook.ts';
import type { DescribedMetric, Metrics } from '../../services/metrics.ts';

const ROOT = new URL('../../', import.meta.url);
const page = textOf('docs/operations.md');

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.object({ summary: z.string() }),
        }),
      ),
    }),
  ),
});
const rules = rulesSchema
  .parse(parse(textOf('deploy/prometheus/alerts.yml')))
  .groups.flatMap((group) => group.rules);

const panelSchema = z.object({
  type: z.string(),
  title: z.string(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(z.object({ expr: z.string() })).optional(),
});
const { panels } = z
  .object({ panels: z.array(panelSchema) })
  .parse(JSON.parse(textOf('deploy/grafana/octoporty.json')));

const described = [...gateway().list(), ...agent().list()];

test('every metric is told with its type and labels, and none that is not there', () => {
  const told = rowsOf('| Metric |').map(([name = '', type = '', labels = '']) => ({
    name: bare(name),
    type,
    labels: labels === '' ? [] : labels.split(', ').map(bare),
  }));
  expect(byName(told)).toEqual(byName(unique(described)));
});

test('metrics are named as Prometheus wants them', () => {
  for (const { name, type, labels } of described) {
    expect(name).toMatch(/^(octoporty_(gateway|agent)|process|nodejs)(_[a-z]+)+$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
  }
});

test('what the dashboard and the alerts ask for is there', () => {
  const queries = [...panels.flatMap(({ targets = [] }) => targets), ...rules].map(({ expr }) => expr);
  expect(queries.length).toBeGreaterThan(50);
  for (const query of [...queries, ...rowsOf('| Promise |').map(([, query = '']) => query)])
    expect(
      askedBy(query).filter((name) => !exposed().has(name)),
      query,
    ).toEqual([]);
});

test('every metric of ours is on the dashboard', () => {
  const asked = new Set(panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => askedBy(expr))));
  const shown = [...asked].map((name) => name.replace(/_(bucket|sum|count)$/, ''));
  const ours = described.map(({ name }) => name).filter((name) => name.startsWith('octoporty_'));
  // What agents see of services and of their own share is told by the gateway's metrics of the same name.
  const twice = ['requests_total', 'request_errors_total', 'request_duration_seconds', 'body_bytes_total'];
  const missing = ours.filter((name) => !shown.includes(name));
  expect(missing).toEqual(twice.map((name) => `octoporty_agent_${name}`));
});

test('the rows of the dashboard are those that a person asks in, and no panel covers another', () => {
  expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
    'Is it up?',
    'Traffic',
    'Latency',
    'Tunnel',
    'Caddy',
    'Agent and its store',
  ]);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});

test('every alert is told, and says in words what to do', () => {
  expect(rowsOf('| Alert |').map(([name = '']) => bare(name))).toEqual(rules.map(({ alert }) => alert));
  for (const { annotations } of rules) expect(annotations.summary).toMatch(/^[A-Z{].{60,}\.$/s);
});

test('every field that a line of the log may have is told, and no other', () => {
  const told = rowsOf('| Field |').map(([name = '']) => bare(name));
  expect(told.toSorted()).toEqual([...new Set([...LINE_FIELDS, ...fieldsInCode()])].toSorted());
});

/** What the log itself puts into lines, and what Caddy's lines come in. */
const LINE_FIELDS = ['level', 'time', 'msg', 'component', 'caddy'];

/** What is handed to the log by another name than its fields: which ones they may be. */
const NAMED_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  // Of the bus: tunnel.changed.
  fact: ['tunnel', 'state', 'code', 'detail'],
  '...lastError': ['code', 'detail'],
  '...failure': ['code', 'detail'],
  // Of the database, whose thread sends its lines to ours.
  facts: ['code', 'reason', 'error'],
  'message.fields': [],
  // A variable that is written wrongly.
  found: ['variable', 'meant'],
};

function fieldsInCode(): string[] {
  return globSync('services/**/*.ts', { cwd: fileURLToPath(ROOT) }).flatMap((file) => {
    const source = textOf(file);
    const calls = [...source.matchAll(/\blog\.(?:debug|info|warn|error)\(\s*(\{[^{}]*\}|[\w.]+),/g)];
    // A call that is written otherwise would be overlooked.
    expect(calls.length, file).toBe([...source.matchAll(/\blog\.(?:debug|info|warn|error)\(/g)].length);
    return calls.flatMap(([, fields = '']) => {
      if (!fields.startsWith('{')) return NAMED_ELSEWHERE[fields] ?? [fields];
      const parts = fields
        .slice(1, -1)
        .split(',')
        .map((part) => part.trim().split(':', 1)[0] ?? '');
      return parts
        .filter((part) => part !== '')
        .flatMap((part) => (part.startsWith('...') ? (NAMED_ELSEWHERE[part] ?? [part]) : [part]));
    });
  });
}

/** Names of metrics in a query. */
function askedBy(query: string): string[] {
  const without = query.replaceAll(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]/g, '');
  return without.match(/\b(?:octoporty|process|nodejs)_[a-z_]+\b/g) ?? [];
}

/** With the parts of histograms. */
function exposed(): Set<string> {
  return new Set(
    described.flatMap(({ name, type }) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
    ),
  );
}

/** The rows of all tables whose head begins so, each as its cells. */
function rowsOf(head: string): string[][] {
  const tables = page.split('\n\n').filter((block) => block.startsWith(head));
  expect(tables.length).toBeGreaterThan(0);
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) =>
        row
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim().replaceAll(String.raw`\|`, '|')),
      ),
  );
}

function bare(cell: string): string {
  return cell.replaceAll('`', '');
}

function byName(metrics: readonly DescribedMetric[]): DescribedMetric[] {
  return metrics.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Both services tell of their process. */
function unique(metrics: readonly DescribedMetric[]): DescribedMetric[] {
  return [...new Map(metrics.map((metric) => [metric.name, metric])).values()];
}

function gateway(): Metrics {
  return createGatewayMetrics({
    bus: bus(),
    version: '',
    counts: unasked,
    sessions: unasked,
    load: unasked,
    relays: unasked,
    caddy: { book: new RouteBook(), gatewayHost: null, status: unasked },
  });
}

function agent(): Metrics {
  return createAgentMetrics({
    bus: bus(),
    clock: { nowMs: unasked },
    version: '',
    uplink: {
      get status() {
        return unasked();
      },
    },
    load: unasked,
    mappings: {
      get view() {
        return unasked();
      },
    },
    databaseState: unasked,
    droppedLogRows: unasked,
    relays: unasked,
    hubClients: unasked,
  });
}

function bus() {
  return createBus((error) => {
    throw error;
  });
}

/** Nothing is read here: the metrics are only looked at. */
function unasked(): never {
  throw new Error('A level was read.');
}

function textOf(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}
