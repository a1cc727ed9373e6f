// Owns `octoporty config`: of which service it tells, from the same sources as that service.

import { isServiceConfigured, configuredService, type ReadSources } from './config.ts';
import { problemCount, reportOf } from './config/report.ts';
import { jsonOfReport, linesOfReport } from './config/reportText.ts';
import type { Configurable } from './config/settings.ts';
import { ConfigError } from './config/variables.ts';
import { upSources } from './up/upSources.ts';

export interface ConfigOptions {
  /** Null: the service that is configured here, or `up`. */
  readonly service: string | null;
  readonly sources: ReadSources;
  /** `NAME=URL`, as `--map` has it. */
  readonly maps: readonly string[];
  readonly isJson: boolean;
}

/** What to print, and whether anything is wrong. Throws ConfigError when there is no such service. */
export function tellConfig({ service: asked, sources, maps, isJson }: ConfigOptions): {
  readonly text: string;
  readonly isGood: boolean;
} {
  const service = serviceOf(asked, sources);
  const { file } = sources;
  const report = reportOf({
    service,
    sources: service === 'up' ? upSources(sources, {}) : sources,
    file,
    maps,
  });
  const text = isJson ? jsonOfReport(report) : linesOfReport(report);
  return { text, isGood: problemCount(report) === 0 };
}

function serviceOf(asked: string | null, sources: ReadSources): Configurable {
  if (asked === null) return isServiceConfigured(sources) ? configuredService(sources) : 'up';
  if (asked === 'gateway' || asked === 'agent' || asked === 'up') return asked;
  throw new ConfigError(`config tells of "gateway", "agent" or "up", not "${asked}".`);
}
