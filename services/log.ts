// Owns what is written about a running service: one JSON line an event, or readable lines on a terminal, never a secret.

import { destination as openDestination, pino, stdTimeFunctions, stdSerializers } from 'pino';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { LogLevel } from './config/commonSettings.ts';

/** What the rest of the product logs with: facts as fields, then one sentence for a person. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** The same log, each line naming the component. */
  child(component: string): Log;
}

/** Takes whole lines. */
export interface LogDestination {
  write(line: string): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Texts that no line may show, wherever they turn up. */
  readonly secrets: readonly string[];
  readonly destination?: LogDestination;
}

const REDACTED = '[redacted]';

/** Fields that hold secrets by their name, whether known beforehand or not. */
const SECRET_FIELDS = ['password', 'secret', 'token', 'authorization', 'cookie', '["set-cookie"]'];

/** What every line begins with; the rest is the event's own. */
const lineSchema = z.looseObject({ level: z.string(), time: z.string() });

/** Writes to standard output, readable when that is a terminal. */
export async function createStandardLog(options: Omit<LogOptions, 'destination'>): Promise<Log> {
  const stdout = openDestination({ fd: 1, sync: true });
  // A reader that went away (`| head`) must not end the service.
  stdout.on('error', () => {});
  if (!process.stdout.isTTY) return createLog({ ...options, destination: stdout });
  // Loaded only here: a service in a container never needs it.
  const { default: pretty } = await import('pino-pretty');
  const format = { colorize: true, translateTime: 'SYS:HH:MM:ss', destination: stdout, sync: true };
  return createLog({ ...options, destination: pretty(format) });
}

export function createLog({ level, secrets, destination }: LogOptions): Log {
  const scrub = createScrubber(secrets);
  const target = destination ?? openDestination({ fd: 1, sync: true });
  return wrap(
    pino(
      {
        level,
        base: null,
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { err: stdSerializers.err, error: stdSerializers.err },
        redact: {
          paths: SECRET_FIELDS.flatMap((field) => [field, below('*', field), below('*.*', field)]),
          censor: REDACTED,
        },
      },
      { write: (line: string) => target.write(scrub(line)) },
    ),
  );
}

function below(parent: string, field: string): string {
  return field.startsWith('[') ? `${parent}${field}` : `${parent}.${field}`;
}

function wrap(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (component) => wrap(logger.child({ component })),
  };
}

/**
 * Takes the secrets out of every value of a line, inside longer texts too. Names of fields stay: a password that
 * happens to be "level" must not break the line.
 */
function createScrubber(secrets: readonly string[]): (line: string) => string {
  // The longest first, so that one secret inside another leaves no rest of it.
  const known = [...new Set(secrets)].filter(Boolean).sort((a, b) => b.length - a.length);
  const forms = known.flatMap((secret) => [...new Set([secret, encodeURIComponent(secret)])]);
  const written = forms.map((form) => JSON.stringify(form).slice(1, -1));
  const scrubText = (text: string) => forms.reduce((rest, form) => rest.replaceAll(form, REDACTED), text);
  return (line) => {
    if (!written.some((form) => line.includes(form))) return line;
    const { level, time } = lineSchema.parse(JSON.parse(line));
    const scrubbed = lineSchema.parse(
      JSON.parse(line, (_name, value: unknown) => (typeof value === 'string' ? scrubText(value) : value)),
    );
    return `${JSON.stringify({ ...scrubbed, level, time })}\n`;
  };
}
