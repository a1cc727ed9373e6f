// Owns what `octoporty up` prints once everything works: where to look, how to sign in, what to try.

import { relative } from 'node:path';
import { styleText } from 'node:util';

export interface BannerFacts {
  readonly version: string;
  readonly uiPort: number;
  readonly gatewayPort: number;
  readonly username: string;
  readonly password: PasswordFact;
  readonly publicNames: readonly string[];
  /** The name to try first; null when nothing is published. */
  readonly tryName: string | null;
}

/** `new` is shown, once; later only where it is kept. */
export type PasswordFact =
  | { readonly kind: 'new'; readonly text: string; readonly path: string }
  | { readonly kind: 'kept'; readonly path: string }
  | { readonly kind: 'configured' };

const EXAMPLE = 'npm start -- --map app.localhost=http://127.0.0.1:3000';

export function bannerOf(facts: BannerFacts): string {
  const urls = facts.publicNames.map((name) => urlOf(name, facts.gatewayPort));
  const [first = 'nothing yet', ...others] = urls;
  const rows = [
    ['Status page', `http://localhost:${facts.uiPort}/`],
    ['Sign in as', `${facts.username}, ${passwordText(facts.password)}`],
    ['Published', first],
    ...others.map((url) => ['', url]),
    facts.tryName === null
      ? ['Publish one', EXAMPLE]
      : ['Try it', styleText('bold', curlOf(facts.tryName, facts.gatewayPort))],
    ['Stop', 'Ctrl-C'],
  ];
  const lines = rows.map(([label = '', value = '']) => `  ${styleText('dim', label.padEnd(13))}${value}`);
  return `\n  ${styleText(['bold', 'green'], `Octoporty ${facts.version} is online`)}\n\n${lines.join('\n')}\n\n`;
}

function passwordText(password: PasswordFact): string {
  switch (password.kind) {
    case 'new':
      return `password ${styleText('bold', password.text)} (kept in ${shown(password.path)})`;
    case 'kept':
      return `password in ${shown(password.path)}`;
    case 'configured':
      return 'password as set in OCTOPORTY_UI_PASSWORD';
  }
}

function urlOf(name: string, port: number): string {
  return port === 80 ? `http://${name}/` : `http://${name}:${port}/`;
}

/** Only names below localhost lead to this machine by themselves. */
function curlOf(name: string, port: number): string {
  if (name.endsWith('.localhost')) return `curl ${urlOf(name, port)}`;
  return `curl -H 'Host: ${name}' ${urlOf('localhost', port)}`;
}

function shown(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : `./${below}`;
}
