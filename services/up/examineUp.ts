// What the doctor says of an `octoporty up` as a whole: whether it runs, where it listens, and what to do when a part of it is silent.

import { ok, type Finding } from '../doctor.ts';
import type { Whereabouts } from './whereabouts.ts';

export function examineUp({ gateway, dashboard, caddy }: Whereabouts): Finding {
  const ports = [`gateway on port ${gateway.port}`, `dashboard on port ${dashboard.port}`];
  if (caddy !== null) ports.push(`Caddy on port ${caddy.port}`);
  return ok('up', `"octoporty up" runs: ${ports.join(', ')}`);
}

export function hintFor(running: Whereabouts | null): string {
  return running === null
    ? 'start "octoporty up"'
    : 'leave out the port if you have named one: above is where "octoporty up" listens; else start that anew';
}
