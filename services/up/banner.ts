// Owns what `octoporty up` prints once everything works: where to look, what to try.

import { extname } from 'node:path';
import { styleText } from 'node:util';
import { publicUrlOf, type Entrance } from '../../protocol/api/entrance.ts';

export interface BannerFacts {
  readonly version: string;
  readonly uiPort: number;
  readonly entrance: Entrance;
  readonly publicNames: readonly string[];
  /** The name to try first; null when nothing is published. */
  readonly tryName: string | null;
  /** Who may log in; `password` says it, or where it is. */
  readonly login: { readonly username: string; readonly password: string };
}

/** Names that are printed. Raised: after an import of thousands what to try and how to log in have scrolled away. */
const MAX_PRINTED = 5;

/** `.js` where types have been taken out before: in the package, which has a command of its own. */
const START = extname(import.meta.url) === '.ts' ? 'npm start --' : 'octoporty up';

const EXAMPLE = `${START} --map app.localhost=http://127.0.0.1:3000`;

export function bannerOf(facts: BannerFacts): string {
  const [first = 'nothing yet', ...others] = publishedLines(facts);
  const rows = [
    ['Dashboard', `http://localhost:${facts.uiPort}/`],
    ['Published', first],
    ...others.map((line) => ['', line]),
    facts.tryName === null
      ? ['Publish one', EXAMPLE]
      : ['Try it', styleText('bold', curlOf(facts.tryName, facts.entrance))],
    ['Login', `${facts.login.username}, ${facts.login.password}`],
    ['Stop', 'Ctrl-C'],
  ];
  const lines = rows.map(([label = '', value = '']) => `  ${styleText('dim', label.padEnd(13))}${value}`);
  return `\n  ${styleText(['bold', 'green'], `Octoporty ${facts.version} is online`)}\n\n${lines.join('\n')}\n\n`;
}

function publishedLines({ publicNames, entrance }: BannerFacts): string[] {
  const urls = publicNames.slice(0, MAX_PRINTED).map((name) => urlOf(name, entrance));
  const left = publicNames.length - urls.length;
  return left === 0 ? urls : [...urls, `and ${left.toLocaleString('en')} more: see the dashboard`];
}

function urlOf(name: string, entrance: Entrance): string {
  return publicUrlOf({ externalDomain: name, externalPort: 443 }, entrance);
}

/** Only names below localhost lead to this machine by themselves. */
function curlOf(name: string, entrance: Entrance): string {
  const { port, rootFile } = entrance;
  const trust = rootFile === null ? '' : `--cacert ${inShell(rootFile)} `;
  if (name.endsWith('.localhost')) return `curl ${trust}${urlOf(name, entrance)}`;
  if (rootFile === null) return `curl -H 'Host: ${name}' ${urlOf('localhost', entrance)}`;
  return `curl ${trust}--resolve ${name}:${port}:127.0.0.1 ${urlOf(name, entrance)}`;
}

/** A path as it may be pasted. */
function inShell(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
