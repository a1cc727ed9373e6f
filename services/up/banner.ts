// Owns what `octoporty up` prints once everything works: where to look, what to try.

import { styleText } from 'node:util';

export interface BannerFacts {
  readonly version: string;
  readonly uiPort: number;
  readonly gatewayPort: number;
  readonly publicNames: readonly string[];
  /** The name to try first; null when nothing is published. */
  readonly tryName: string | null;
  /** Who may use the API; `password` says it, or where it is. */
  readonly login: { readonly username: string; readonly password: string };
}

const EXAMPLE = 'npm start -- --map app.localhost=http://127.0.0.1:3000';

export function bannerOf(facts: BannerFacts): string {
  const urls = facts.publicNames.map((name) => urlOf(name, facts.gatewayPort));
  const [first = 'nothing yet', ...others] = urls;
  const rows = [
    ['Status page', `http://localhost:${facts.uiPort}/`],
    ['Published', first],
    ...others.map((url) => ['', url]),
    facts.tryName === null
      ? ['Publish one', EXAMPLE]
      : ['Try it', styleText('bold', curlOf(facts.tryName, facts.gatewayPort))],
    ['API login', `${facts.login.username}, ${facts.login.password}`],
    ['Stop', 'Ctrl-C'],
  ];
  const lines = rows.map(([label = '', value = '']) => `  ${styleText('dim', label.padEnd(13))}${value}`);
  return `\n  ${styleText(['bold', 'green'], `Octoporty ${facts.version} is online`)}\n\n${lines.join('\n')}\n\n`;
}

function urlOf(name: string, port: number): string {
  return port === 80 ? `http://${name}/` : `http://${name}:${port}/`;
}

/** Only names below localhost lead to this machine by themselves. */
function curlOf(name: string, port: number): string {
  if (name.endsWith('.localhost')) return `curl ${urlOf(name, port)}`;
  return `curl -H 'Host: ${name}' ${urlOf('localhost', port)}`;
}
