// The built dashboard: its files, read once at start, and how each is answered. They hold no data: everybody gets them.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import Router from '@koa/router';
import type Koa from 'koa';
import { isLoopback } from '../../config/values.ts';
import { isByTls } from './sameOrigin.ts';

/** The files of one build by their path: `/index.html`, `/assets/index-DaW363dU.css`. */
export type Dashboard = ReadonlyMap<string, DashboardFile>;

interface DashboardFile {
  readonly type: string;
  readonly identity: Form;
  /** The compressed forms that the build has made. */
  readonly compressed: ReadonlyMap<Coding, Form>;
}

interface Form {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Codings that a build makes, the better one first, with what they add to a file's name. */
const CODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;
type Coding = (typeof CODINGS)[number][0];

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.woff2', 'font/woff2'],
]);

/** Scripts and styles of ours only, and nobody else is talked to. */
export const DASHBOARD_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Names of hashed files hold what is in them: the same name is the same file for ever. */
const HASHED = '/assets/';
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Paths of the pages, which the dashboard's own router knows; below each of them, too. */
export const PAGES = ['login', 'mappings', 'requests', 'machines', 'connections', 'settings'] as const;

/** Null when nothing has been built. */
export function loadDashboard(folder: string): Dashboard | null {
  if (!existsSync(join(folder, 'index.html'))) return null;
  const files = new Map<string, DashboardFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES.get(extname(entry.name));
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, path).split(sep).join('/')}`, readFile(path, type));
  }
  return files;
}

export function dashboardRoutes(dashboard: Dashboard): Router {
  const router = new Router();
  const page = pageOf(dashboard, 200);
  router.get('/', page);
  for (const name of PAGES) {
    router.get(`/${name}`, page);
    router.get(`/${name}/*rest`, page);
  }
  for (const [path, file] of dashboard) {
    if (path === '/index.html') continue;
    router.get(path, (context) => {
      context.set('Cache-Control', path.startsWith(HASHED) ? FOR_EVER : 'no-cache');
      answerFile(context, file);
    });
  }
  return router;
}

/** Where no page is: the dashboard says so, by its own router. */
export function missingDashboardPage(dashboard: Dashboard): (context: Koa.Context) => void {
  return pageOf(dashboard, 404);
}

/** The one document of every page. */
function pageOf(dashboard: Dashboard, status: number): (context: Koa.Context) => void {
  const index = dashboard.get('/index.html');
  if (index === undefined) throw new Error('A dashboard without an index.html.');
  return (context) => {
    context.set('Content-Security-Policy', DASHBOARD_POLICY);
    // Browsers ignore it elsewhere, and complain of it on the console.
    if (!isTrustworthy(context)) context.remove('Cross-Origin-Opener-Policy');
    context.set('Cache-Control', 'no-cache');
    answerFile(context, index, status);
  };
}

/** To a browser: TLS, or this machine itself (W3C Secure Contexts §3.1). */
function isTrustworthy({ req, hostname }: Koa.Context): boolean {
  return isByTls(req) || isLoopback(hostname);
}

function readFile(path: string, type: string): DashboardFile {
  const compressed = new Map<Coding, Form>();
  for (const [coding, ending] of CODINGS)
    if (existsSync(path + ending)) compressed.set(coding, readForm(path + ending));
  return { type, identity: readForm(path), compressed };
}

function readForm(path: string): Form {
  const bytes = readFileSync(path);
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"` };
}

/** In the form that the asker reads, or not at all when it has that already (RFC 9110 §13.1.2). */
function answerFile(context: Koa.Context, { type, identity, compressed }: DashboardFile, status = 200): void {
  const coding = CODINGS.map(([name]) => name).find(
    (name) => compressed.has(name) && context.acceptsEncodings(name) === name,
  );
  const form = (coding === undefined ? undefined : compressed.get(coding)) ?? identity;
  context.set('ETag', form.etag);
  if (compressed.size > 0) context.set('Vary', 'Accept-Encoding');
  context.status = status;
  if (context.fresh) {
    context.status = 304;
    context.body = null;
    return;
  }
  context.set('Content-Type', type);
  if (coding !== undefined) context.set('Content-Encoding', coding);
  context.body = form.bytes;
}
