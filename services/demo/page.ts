// Owns the demo's page: one self-contained document that shows the request, counts live events and echoes what is typed.

import { createHash } from 'node:crypto';
import { escapeHtml } from '../html.ts';
import type { Received } from './received.ts';

const STYLE = `
:root { color-scheme: light dark; --ground: #f7f7f5; --card: #fff; --ink: #1b1f24; --quiet: #5b6470; --line: #dfe2e6; --accent: #0b6e5f; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #111418; --card: #191d23; --ink: #e7eaee; --quiet: #98a2ae; --line: #2b313a; --accent: #4fd1b8; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 760px; margin: 0 auto; padding: 48px 16px; display: grid; gap: 16px; }
h1 { margin: 0; font-size: 26px; letter-spacing: -0.01em; }
h2 { margin: 0 0 8px; font-size: 15px; }
p { margin: 4px 0 0; color: var(--quiet); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; min-width: 0; }
.pair { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); }
.line { margin: 0 0 12px; color: var(--accent); overflow-wrap: anywhere; }
code, td, th, output, .line, .log { font-family: ui-monospace, monospace; font-size: 13px; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th { width: 38%; text-align: left; font-weight: 400; color: var(--quiet); }
th, td { padding: 4px 8px 4px 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
output { display: block; font-size: 40px; line-height: 1.2; font-variant-numeric: tabular-nums; color: var(--accent); }
form { display: flex; gap: 8px; }
input, button { font: inherit; padding: 8px 12px; border-radius: 6px; border: 1px solid var(--line); background: var(--ground); color: inherit; min-width: 0; }
input { flex: 1; }
button { background: var(--accent); border-color: var(--accent); color: var(--card); cursor: pointer; }
button:disabled { opacity: 0.5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.log { margin: 12px 0 0; padding: 0; list-style: none; max-height: 160px; overflow: auto; overflow-wrap: anywhere; }
`;

const SCRIPT = `
const byId = (id) => document.getElementById(id);
const events = new EventSource('/events');
events.onmessage = ({ data }) => { byId('count').textContent = data; byId('stream').textContent = 'Server-sent events, one a second.'; };
events.onerror = () => { byId('stream').textContent = 'The stream was cut; it comes back by itself.'; };

let socket;
const connect = () => {
  socket = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/echo');
  socket.onopen = () => { byId('send').disabled = false; byId('state').textContent = 'Connected.'; };
  socket.onmessage = ({ data }) => say('\\u2190 ' + data);
  socket.onclose = () => { byId('send').disabled = true; byId('state').textContent = 'Closed; trying again \\u2026'; setTimeout(connect, 1000); };
};
const say = (text) => {
  const item = document.createElement('li');
  item.textContent = text;
  byId('log').prepend(item);
  while (byId('log').children.length > 50) byId('log').lastChild.remove();
};
byId('echo').onsubmit = (event) => {
  event.preventDefault();
  const text = byId('text').value;
  if (text === '' || socket.readyState !== 1) return;
  say('\\u2192 ' + text);
  socket.send(text);
  byId('text').value = '';
};
connect();
`;

/** Nothing but the page's own two blocks runs, and it talks only to its own origin. */
export const PAGE_POLICY = [
  "default-src 'none'",
  // The empty icon keeps browsers from asking for one.
  'img-src data:',
  `style-src ${hashOf(STYLE)}`,
  `script-src ${hashOf(SCRIPT)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function renderPage({ method, path, visitor, headers }: Received): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Octoporty demo</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>It works: you came through the tunnel</h1>
<p>${visitor === null ? 'Nobody forwarded this request: you reached the origin directly.' : `The gateway saw you at <code>${escapeHtml(visitor)}</code>.`}</p>
</header>
<section>
<h2>The request as it arrived here</h2>
<p class="line">${escapeHtml(method)} ${escapeHtml(path)}</p>
<table><tbody>
${headers.map(([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join('\n')}
</tbody></table>
</section>
<div class="pair">
<section>
<h2>Streaming</h2>
<output id="count">0</output>
<p id="stream">Waiting for the first event …</p>
</section>
<section>
<h2>WebSocket echo</h2>
<form id="echo">
<input id="text" aria-label="Message" placeholder="Type something" autocomplete="off">
<button id="send" disabled>Send</button>
</form>
<p id="state">Connecting …</p>
<ul id="log" class="log" aria-live="polite"></ul>
</section>
</div>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function hashOf(block: string): string {
  return `'sha256-${createHash('sha256').update(block).digest('base64')}'`;
}
