// Owns what `octoporty up` needs to know before its two services can be configured.

import { STORE_SETTINGS } from '../config/agentSettings.ts';
import { COMMON_SETTINGS, type LogLevel } from '../config/commonSettings.ts';
import { dataDirOf } from '../config/rules.ts';
import { schemaOf } from '../config/setting.ts';
import { UP_SETTINGS } from '../config/upSettings.ts';
import { withEnvironment } from '../config.ts';
import { isConfigured, parseVariables, type ConfigSources } from '../config/variables.ts';

export interface UpConfig {
  /** Absolute. */
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  /** False: one is to be made up and kept. */
  readonly hasSecret: boolean;
  readonly hasPassword: boolean;
  /** The program that `--caddy` starts: a file, or a name on the PATH. */
  readonly caddyBinary: string;
  /** Where it stands for external port 443; 0 takes any free port. */
  readonly caddyPort: number;
}

const { OCTOPORTY_DATA_DIR } = STORE_SETTINGS;
const { OCTOPORTY_LOG_LEVEL } = COMMON_SETTINGS;
const upSchema = schemaOf({ OCTOPORTY_DATA_DIR, OCTOPORTY_LOG_LEVEL, ...UP_SETTINGS });

/** Throws ConfigError. */
export function loadUpConfig(given: ConfigSources = {}): UpConfig {
  const sources = withEnvironment(given);
  const read = parseVariables(upSchema, sources);
  return {
    dataDir: dataDirOf(sources),
    logLevel: read.OCTOPORTY_LOG_LEVEL,
    hasSecret: isConfigured('OCTOPORTY_AUTH_SECRET', sources),
    hasPassword: isConfigured('OCTOPORTY_UI_PASSWORD', sources),
    caddyBinary: read.OCTOPORTY_CADDY,
    caddyPort: read.OCTOPORTY_CADDY_PORT,
  };
}
