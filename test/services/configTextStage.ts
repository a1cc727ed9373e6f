// What tests of a configuration file share: a text as it is read, what is wrong in it, and the gateway that it configures.

import { whole } from '../../services/config/configFile.ts';
import { parseConfigText } from '../../services/config/configText.ts';
import { loadGatewayConfig } from '../../services/config.ts';

/** Its owner alone may read the file. */
export const OWN = 0o600;
/** Others may, too. */
export const OPEN = 0o644;

export function parse(text: string, mode = OWN, path = 'octoporty.yaml') {
  return parseConfigText(path, text, mode);
}

export function problems(text: string, mode: number, path?: string): string[] {
  return parse(text, mode, path).problems.map(({ says }) => says);
}

export function gateway(text: string, path = 'octoporty.yaml') {
  return loadGatewayConfig({ environment: {}, file: whole(parse(text, OWN, path)) });
}
