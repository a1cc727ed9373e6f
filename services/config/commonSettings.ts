// Owns the settings that gateway and agent have alike.

import { optional, required, withDefault } from './setting.ts';
import { secretValue, tokenValue } from './textValues.ts';
import { booleanValue, choiceValue } from './values.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const COMMON_SETTINGS = {
  OCTOPORTY_AUTH_SECRET: required(secretValue(), {
    means: 'The secret that gateway and agent share: at least 32 bytes, the same on both sides.',
    takes: 'secret',
    example: '5f3c…, the output of `openssl rand -hex 32`',
  }),
  OCTOPORTY_AUTH_SECRET_PREVIOUS: optional(secretValue(), {
    means: 'The secret before it, which the gateway accepts too while agents change over.',
    takes: 'secret',
    example: '9a01…, what `authSecret` was until now',
    unset: 'only `authSecret` is accepted',
  }),
  OCTOPORTY_ALLOW_INSECURE: withDefault(booleanValue(), 'false', {
    means: 'Allows `ws://` to a gateway, and plain HTTP to the admin API of a Caddy, beyond this machine.',
    takes: 'boolean',
    example: 'true',
  }),
  OCTOPORTY_LOG_LEVEL: withDefault(choiceValue(LOG_LEVELS), 'info', {
    means: 'The least that is logged.',
    takes: 'level',
    example: 'debug',
  }),
  OCTOPORTY_STATUS_TOKEN: optional(tokenValue(), {
    means:
      "Opens the gateway's full status and metrics, and the agent's metrics, to `Authorization: Bearer …`.",
    takes: 'secret',
    example: '77d2…, the output of `openssl rand -hex 32`',
    unset: 'closed on the gateway, open to a login on the agent',
  }),
};
