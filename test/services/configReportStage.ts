// What tests of `octoporty config` share: what it tells, as text, in lines and in cells.

import { storePlaceOf } from '../../services/agent/databaseRule.ts';
import { parseConfigText } from '../../services/config/configText.ts';
import type { Variables } from '../../services/config/variables.ts';
import { tellConfig } from '../../services/configCommand.ts';

export function tell({
  service,
  flags = {},
  environment,
  file,
  maps = [],
  hasCaddy = false,
  isJson = false,
}: Told) {
  const read = file === undefined ? null : parseConfigText('octoporty.yaml', file, 0o600);
  const sources = { flags, environment, file: read };
  const databaseRule = () => Promise.resolve(storePlaceOf);
  return tellConfig({ service, sources, maps, hasCaddy, isJson, databaseRule });
}

export async function lines(told: Told): Promise<string[]> {
  return (await tell(told)).text.trimEnd().split('\n');
}

/** The cells of the lines that tell of a setting. */
export function cells(told: readonly string[]): string[][] {
  return told.map((line) => line.split(/ {2,}/));
}

interface Told {
  readonly service: string | null;
  readonly flags?: Variables;
  readonly environment: Variables;
  /** The text of octoporty.yaml. */
  readonly file?: string;
  readonly maps?: readonly string[];
  readonly hasCaddy?: boolean;
  readonly isJson?: boolean;
}
