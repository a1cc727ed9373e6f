// Owns the settings that only `octoporty up` has.

import { withDefault } from './setting.ts';
import { textValue } from './textValues.ts';
import { portValue } from './values.ts';

export const UP_SETTINGS = {
  OCTOPORTY_CADDY: withDefault(textValue(), 'caddy', {
    means: 'The Caddy that `--caddy` starts: a path, or a name on the `PATH`.',
    takes: 'path',
    example: '/opt/caddy/caddy',
  }),
  OCTOPORTY_CADDY_PORT: withDefault(portValue(), '8443', {
    means: 'Where that Caddy listens, standing for external port 443.',
    takes: 'port',
    example: '9443',
  }),
};
