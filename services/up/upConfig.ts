// Owns what `octoporty up` needs to know before its two services can be configured.

import { resolve } from 'node:path';
import { z } from 'zod';
import { LOG_LEVELS, withEnvironment, type LogLevel } from '../config.ts';
import { choiceValue, portValue, textValue } from '../config/values.ts';
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

const upSchema = z.object({
  OCTOPORTY_DATA_DIR: textValue().prefault('data'),
  OCTOPORTY_LOG_LEVEL: choiceValue(LOG_LEVELS, 'info'),
  OCTOPORTY_CADDY: textValue().prefault('caddy'),
  OCTOPORTY_CADDY_PORT: portValue(8443),
});

/** Throws ConfigError. */
export function loadUpConfig(given: ConfigSources = {}): UpConfig {
  const sources = withEnvironment(given);
  const read = parseVariables(upSchema, sources);
  return {
    dataDir: resolve(read.OCTOPORTY_DATA_DIR),
    logLevel: read.OCTOPORTY_LOG_LEVEL,
    hasSecret: isConfigured('OCTOPORTY_AUTH_SECRET', sources),
    hasPassword: isConfigured('OCTOPORTY_UI_PASSWORD', sources),
    caddyBinary: read.OCTOPORTY_CADDY,
    caddyPort: read.OCTOPORTY_CADDY_PORT,
  };
}
