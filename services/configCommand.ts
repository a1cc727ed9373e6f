// Owns `octoporty config`: of which service it tells, from the same sources as that service.

import { isServiceConfigured, configuredService, type ReadSources } from './config.ts';
import { problemCount, reportOf, type Rule } from './config/report.ts';
import { jsonOfReport, linesOfReport } from './config/reportText.ts';
import type { Configurable } from './config/settings.ts';
import { ConfigError, isConfigured } from './config/variables.ts';
import { upSources } from './up/upSources.ts';

export interface ConfigOptions {
  /** Null: the service that is configured here, or `up`. */
  readonly service: string | null;
  readonly sources: ReadSources;
  /** `NAME=URL`, as `--map` has it. */
  readonly maps: readonly string[];
  /** As `--caddy` tells `up`. */
  readonly hasCaddy: boolean;
  readonly isJson: boolean;
  /** The rule of an agent's database. Asked for only where one is named: a gateway's image has no agent. */
  readonly databaseRule: () => Promise<Rule>;
}

/** What to print, and whether anything is wrong. Rejects with ConfigError when there is no such service. */
export async function tellConfig({
  service: asked,
  sources,
  maps,
  hasCaddy,
  isJson,
  databaseRule,
}: ConfigOptions): Promise<{ readonly text: string; readonly isGood: boolean }> {
  const service = serviceOf(asked, sources);
  const { file } = sources;
  const namesDatabase = service !== 'gateway' && isConfigured('OCTOPORTY_CONNECTION_STRING', sources);
  const report = reportOf({
    service,
    sources: service === 'up' ? upSources(sources, { hasCaddy }) : sources,
    file,
    maps,
    moreRules: namesDatabase ? [await databaseRule()] : [],
  });
  const text = isJson ? jsonOfReport(report) : linesOfReport(report);
  return { text, isGood: problemCount(report) === 0 };
}

function serviceOf(asked: string | null, sources: ReadSources): Configurable {
  if (asked === null) return isServiceConfigured(sources) ? configuredService(sources) : 'up';
  if (asked === 'gateway' || asked === 'agent' || asked === 'up') return asked;
  throw new ConfigError(`config tells of "gateway", "agent" or "up", not "${asked}".`);
}
