// Owns the agent's plain status page: the state of the tunnel in words, what to do about it, and what is published.

import { readFileSync } from 'node:fs';
import { escapeHtml } from '../../html.ts';

export interface PageStatus {
  /** The connection's state; inner states behind a dot. */
  readonly state: string;
  /** When it was entered: UTC, ISO 8601. */
  readonly since: string;
  readonly lastError: string | null;
  readonly gatewayUrl: string;
  /** Null until a gateway has said it. */
  readonly gatewayVersion: string | null;
  readonly version: string;
  readonly mappings: readonly PageMapping[];
}

export interface PageMapping {
  /** Where visitors find it: `app.example.com`. */
  readonly address: string;
  /** As a URL: `http://127.0.0.1:3000`. */
  readonly target: string;
  readonly enabled: boolean;
  /** Why the gateway does not publish it; null: it does, or has not said. */
  readonly refused: string | null;
}

/** Served as `/status.css`: the page holds no styles of its own, so its policy can forbid them. */
export const STATUS_CSS = readFileSync(new URL('../../../ui/status.css', import.meta.url), 'utf8');

export const STATUS_PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** How often the page loads itself again. */
const REFRESH_SECONDS = 2;

interface Words {
  readonly tone: 'good' | 'busy' | 'bad';
  readonly says: string;
  /** What to do, when a person has to. */
  readonly advice?: string;
}

const UNKNOWN: Words = { tone: 'busy', says: 'The tunnel is changing its state' };

const WORDS = new Map<string, Words>([
  ['online', { tone: 'good', says: 'The tunnel is online' }],
  ['online.doubtful', { tone: 'busy', says: 'The gateway has gone silent: dialling again beside it' }],
  ['offline', { tone: 'busy', says: 'The agent is starting: the tunnel waits for its database' }],
  ['stopping', { tone: 'busy', says: 'The agent is stopping: requests in flight are finishing' }],
  ['waiting', { tone: 'busy', says: 'The gateway is not connected: trying again in a moment' }],
  ['trying', { tone: 'busy', says: 'Dialling the gateway' }],
  [
    'trying.authenticating',
    { tone: 'busy', says: 'The gateway answered: each side proves that it knows the secret' },
  ],
  ['trying.syncing', { tone: 'busy', says: 'Telling the gateway which names to publish' }],
  [
    'rejected',
    {
      tone: 'bad',
      says: 'The gateway refused this agent',
      advice:
        'Set the same OCTOPORTY_AUTH_SECRET on both sides, and run one agent for each data folder. The agent tries again every minute.',
    },
  ],
]);

/** A whole HTML document that loads itself again. Everything in it is escaped. */
export function renderStatusPage(status: PageStatus): string {
  const { tone, says, advice } = wordsOf(status.state);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<title>${says} · Octoporty</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/status.css">
</head>
<body>
<main>
<h1>Octoporty</h1>
<section>
<p class="state ${tone}">${says}</p>
<p class="quiet">since <time datetime="${escapeHtml(status.since)}">${escapeHtml(status.since)}</time></p>
${status.lastError !== null && tone !== 'good' ? `<p>${escapeHtml(status.lastError)}</p>` : ''}
${advice === undefined ? '' : `<p>${advice}</p>`}
<p class="quiet">Gateway <code>${escapeHtml(status.gatewayUrl)}</code>${versionOf(status.gatewayVersion)}</p>
</section>
<section>
<h2>Published names</h2>
${status.mappings.length === 0 ? emptyView() : tableOf(status.mappings)}
</section>
<footer>Agent ${escapeHtml(status.version)}</footer>
</main>
</body>
</html>
`;
}

function wordsOf(state: string): Words {
  return WORDS.get(state) ?? WORDS.get(state.split('.')[0] ?? '') ?? UNKNOWN;
}

function versionOf(version: string | null): string {
  return version === null ? '' : `, version ${escapeHtml(version)}`;
}

function emptyView(): string {
  return '<p class="quiet">None yet. Start the agent with <code>--map app.example.com=http://127.0.0.1:3000</code>.</p>';
}

function tableOf(mappings: readonly PageMapping[]): string {
  const rows = mappings.map(
    ({ address, target, enabled, refused }) =>
      `<tr><td>${escapeHtml(address)}</td><td>${escapeHtml(target)}</td><td>${enabled ? escapeHtml(refused ?? 'on') : 'off'}</td></tr>`,
  );
  return `<table>
<thead><tr><th scope="col">Public address</th><th scope="col">Target</th><th scope="col">State</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}
