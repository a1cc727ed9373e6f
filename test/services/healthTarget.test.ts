// Owns the tests of which service the health check asks, and where.

import { describe, expect, it } from 'vitest';
import type { Variables } from '../../services/config/variables.ts';
import { loadHealthTarget } from '../../services/config.ts';

describe('the health check', () => {
  it('asks the service that the environment configures, the gateway when none', () => {
    const target = (environment: Variables) => loadHealthTarget(null, { environment });
    expect(target({})).toEqual({ service: 'gateway', host: '0.0.0.0', port: 5000 });
    expect(target({ OCTOPORTY_UI_PORT: '81' })).toEqual({ service: 'agent', host: '127.0.0.1', port: 81 });
    expect(target({ OCTOPORTY_GATEWAY_URL: 'wss://x' })).toMatchObject({ service: 'agent', port: 5080 });
  });

  it('asks the service it is told, without needing any secret', () => {
    expect(loadHealthTarget('agent', { environment: {} })).toMatchObject({ service: 'agent', port: 5080 });
  });
});
