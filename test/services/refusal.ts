// The line that a person reads when the configuration is refused.

import { expect } from 'vitest';
import { ConfigError } from '../../services/config/variables.ts';

export function refusal(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error instanceof ConfigError ? error.message : '';
  }
  throw new Error('it was accepted');
}
