// A problem as a small page, for people who came by an address: the same words as in the document that programs get.

import { createHash } from 'node:crypto';
import type Koa from 'koa';
import type { ProblemCode } from '../../../protocol/api/problem.ts';
import { escapeHtml } from '../../html.ts';
import { documentOf, type ProblemError } from './problems.ts';
import { SECURITY_HEADERS } from './securityHeaders.ts';

/** What somebody meets who typed or followed an address; everything else is met by programs, the dashboard's pages among them. */
const MET_BY_PEOPLE: ReadonlySet<ProblemCode> = new Set(['unknown_name', 'not_found', 'this_machine_only']);

const STYLE = `:root{color-scheme:light dark;--ink:#1d2530;--page:#f6f7f9}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--page:#14181d}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:34rem;padding:2rem}h1{font-size:1.25rem;line-height:1.4;margin:0}`;

const POLICY = `${SECURITY_HEADERS['Content-Security-Policy']}; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** Whether a browser is to show the answer to a person. Who reads both, as curl does, gets the document. */
export function isForPerson(context: Koa.Context, { code }: ProblemError): boolean {
  const { method } = context;
  return (
    MET_BY_PEOPLE.has(code) &&
    (method === 'GET' || method === 'HEAD') &&
    !context.path.startsWith('/api/') &&
    context.accepts('json', 'html') === 'html'
  );
}

export function answerProblemPage(context: Koa.Context, problem: ProblemError): void {
  const { status, title, detail } = documentOf(problem);
  context.set('Content-Security-Policy', POLICY);
  context.status = status;
  context.type = 'text/html';
  context.body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${status} · Octoporty</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${detail === undefined ? '' : `<p>${escapeHtml(detail)}</p>`}
</main>
</body>
</html>
`;
}
