// What a visitor sees when a request cannot be served: which link failed, and what to do. Nothing they sent, nothing internal.

import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { FlatHeaders } from '../../protocol/head.ts';
import { describeError } from '../../protocol/errors.ts';

export interface PageOptions {
  /** The request's Accept value; empty when there is none. */
  readonly accept: string;
  readonly requestId: string;
  /** Answers HEAD: the lines speak of a body that is not sent. */
  readonly isHead: boolean;
  readonly retryAfterSeconds?: number;
}

export interface ErrorPage {
  readonly status: number;
  readonly reason: string;
  readonly headers: FlatHeaders;
  readonly body: Buffer;
}

type PageForm = 'html' | 'json' | 'text';

const CHAIN = ['You', 'Gateway', 'Tunnel', 'Service'] as const;
type Link = (typeof CHAIN)[number];

/** Where it broke and what helps, where that is not the gateway and waiting. */
const ADVICE: Readonly<Partial<Record<ErrorCode, { readonly broken: Link; readonly todo: string }>>> = {
  unknown_host: {
    broken: 'Gateway',
    todo: 'Check the address. If it is yours, check that its mapping is enabled.',
  },
  bad_request: { broken: 'You', todo: 'Check the address and the program that sent the request.' },
  head_too_large: {
    broken: 'You',
    todo: 'Delete the cookies of this site, or send fewer and shorter headers.',
  },
  loop_detected: {
    broken: 'Gateway',
    todo: 'If this service is yours, point its mapping at the service itself.',
  },
  tunnel_offline: {
    broken: 'Tunnel',
    todo: 'Try again in a moment. If this service is yours, check that its agent runs and is online.',
  },
  tunnel_lost: {
    broken: 'Tunnel',
    todo: 'Try again. A request that changes something may have been carried out: look before you repeat it.',
  },
  origin_refused: { broken: 'Service', todo: 'If this service is yours, check that it runs.' },
  origin_unreachable: {
    broken: 'Service',
    todo: 'If this service is yours, check that its machine is on and in the network.',
  },
  origin_reset: { broken: 'Service', todo: 'Try again. If this service is yours, look into its log.' },
  origin_dns: { broken: 'Service', todo: "If this service is yours, check the mapping's internal host." },
  origin_tls: {
    broken: 'Service',
    todo: 'If this service is yours, renew its certificate, or allow invalid ones in the mapping.',
  },
  origin_invalid: {
    broken: 'Service',
    todo: "If this service is yours, check the mapping's port and protocol.",
  },
  origin_forbidden: { broken: 'Service', todo: 'If this service is yours, point its mapping elsewhere.' },
  connect_timeout: {
    broken: 'Service',
    todo: 'Try again. If this service is yours, check its machine and firewall.',
  },
  head_timeout: {
    broken: 'Service',
    todo: 'Try again. If this service is yours, check why it takes so long.',
  },
};
const OTHERWISE = { broken: 'Gateway', todo: 'Try again in a moment.' } as const;

/** When a code does not say better: soon enough for a person, late enough for a crowd. */
const RETRY_AFTER_SECONDS = 5;
const RETRIED_STATUSES = new Set([429, 503]);

const STYLE = `:root{color-scheme:light dark;--ink:#1d2530;--soft:#667080;--line:#c6ccd4;--bad:#c2352b;--page:#f6f7f9}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#98a2b0;--line:#434c58;--bad:#ff7a6e;--page:#14181d}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:34rem;padding:2rem}h1{font-size:1.5rem;line-height:1.25;margin:2rem 0 .5rem}p{margin:.5rem 0}
ol{list-style:none;display:flex;flex-wrap:wrap;gap:.5rem;margin:0;padding:0;color:var(--soft)}
li+li::before{content:"\\2192";margin-right:.5rem}li span{border:1px solid var(--line);border-radius:.5rem;padding:.25rem .75rem}
.broken span{border:2px dashed var(--bad);color:var(--bad);font-weight:600}footer{margin-top:2rem;color:var(--soft);font-size:.875rem}`;

const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export function errorPage(code: ErrorCode, options: PageOptions): ErrorPage {
  const { status } = describeError(code);
  const reason = STATUS_CODES[status] ?? 'Error';
  const { type, text } = FORMS[preferredForm(options.accept)](code, reason, options.requestId);
  const body = Buffer.from(text);
  const retryAfterSeconds =
    options.retryAfterSeconds ?? (RETRIED_STATUSES.has(status) ? RETRY_AFTER_SECONDS : undefined);
  const headers = [
    ...['Content-Type', type],
    ...['Content-Length', String(body.length)],
    ...['Cache-Control', 'no-store'],
    ...['Content-Security-Policy', POLICY],
    ...['X-Content-Type-Options', 'nosniff'],
    ...['X-Octoporty-Error', code],
    ...['X-Request-Id', options.requestId],
  ];
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', String(Math.ceil(retryAfterSeconds)));
  return { status, reason, headers, body: options.isHead ? Buffer.alloc(0) : body };
}

type Render = (code: ErrorCode, reason: string, requestId: string) => { type: string; text: string };

const FORMS: Readonly<Record<PageForm, Render>> = {
  html: (code, reason, requestId) => {
    const { says, status } = describeError(code);
    const { broken, todo } = ADVICE[code] ?? OTHERWISE;
    const chain = CHAIN.map((link) =>
      link === broken
        ? `<li class="broken"><span>${link}<b aria-label=" (here it failed)"> ✕</b></span></li>`
        : `<li><span>${link}</span></li>`,
    ).join('');
    return {
      type: 'text/html; charset=utf-8',
      text: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${status} ${reason}</title><style>${STYLE}</style></head>
<body><main><ol aria-label="The way of your request">${chain}</ol>
<h1>${says}</h1><p>${todo}</p>
<footer>${status} · ${code} · request ${requestId}</footer></main></body></html>
`,
    };
  },
  json: (code, reason, requestId) => {
    const { says, status } = describeError(code);
    const { todo } = ADVICE[code] ?? OTHERWISE;
    const problem = {
      type: 'about:blank',
      title: reason,
      status,
      detail: `${says} ${todo}`,
      code,
      requestId,
    };
    return { type: 'application/problem+json', text: `${JSON.stringify(problem)}\n` };
  },
  text: (code, reason, requestId) => {
    const { says, status } = describeError(code);
    const { broken, todo } = ADVICE[code] ?? OTHERWISE;
    const chain = CHAIN.map((link) => (link === broken ? `[${link} ✕]` : link)).join(' → ');
    return {
      type: 'text/plain; charset=utf-8',
      text: `${status} ${reason}\n${says}\n${todo}\n\n${chain}\n${code}, request ${requestId}\n`,
    };
  },
};

/** A page only for who asks for one by name: anything goes for a program. */
const FORM_OF_TYPE: ReadonlyMap<string, PageForm> = new Map([
  ['text/html', 'html'],
  ['application/xhtml+xml', 'html'],
  ['application/json', 'json'],
  ['application/problem+json', 'json'],
  ['application/*', 'json'],
  ['text/plain', 'text'],
  ['text/*', 'text'],
  ['*/*', 'text'],
]);

/** The form with the highest weight (RFC 9110 §12.5.1), the first of equals. */
function preferredForm(accept: string): PageForm {
  let best: PageForm = 'text';
  let bestWeight = 0;
  for (const member of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = member.split(';').map((part) => part.trim());
    const form = FORM_OF_TYPE.get(type);
    const weight = Number(parameters.find((each) => each.startsWith('q='))?.slice(2) ?? 1);
    if (form !== undefined && weight > bestWeight) [best, bestWeight] = [form, weight];
  }
  return best;
}
