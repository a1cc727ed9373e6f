// Owns `octoporty service status`: what is installed, whether systemd runs it, and whether it is well.

import { existsSync } from 'node:fs';
import { loadHealthTarget, type Service } from '../config.ts';
import { askHealth, type HealthAnswer } from '../health.ts';
import { installedSettings } from './settings.ts';
import { placesOf, UnreadableError, type SetUp } from './setUp.ts';

const SERVICES = ['gateway', 'agent'] as const;

/** Prints a line for each service. True when one is installed at least, and each that is, is well. */
export async function status(setUp: Pick<SetUp, 'root' | 'systemctl' | 'print'>): Promise<boolean> {
  const installed = SERVICES.filter((service) => existsSync(placesOf(service, setUp).unitFile));
  if (installed.length === 0) {
    setUp.print('No service is installed here: "octoporty service install gateway", or "agent".');
    return false;
  }
  const verdicts = await Promise.all(installed.map((service) => lookAt(service, setUp)));
  for (const { line } of verdicts) setUp.print(line);
  return verdicts.every(({ isWell }) => isWell);
}

async function lookAt(service: Service, setUp: Pick<SetUp, 'root' | 'systemctl'>) {
  const { unit } = placesOf(service, setUp);
  const active = firstWordOf((await setUp.systemctl('is-active', unit)).output);
  const enabled = firstWordOf((await setUp.systemctl('is-enabled', unit)).output);
  const health = await healthOf(service, setUp);
  const advice = active === 'active' ? '' : ` See why: journalctl --unit ${unit} --lines 30`;
  return {
    isWell: active === 'active' && health.isHealthy,
    line: `${service.padEnd('gateway'.length)}  ${active}, ${enabled}. ${health.says}${advice}`,
  };
}

async function healthOf(service: Service, setUp: Pick<SetUp, 'root'>): Promise<HealthAnswer> {
  try {
    return await askHealth(
      loadHealthTarget(service, { environment: installedSettings(service, setUp) ?? {} }),
    );
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    // Not known is not well: who waits for exit 0 must not be told so of a service that is dead.
    return { isHealthy: false, says: 'Its port is for root to read: with "sudo" it is asked how it is.' };
  }
}

function firstWordOf(output: string): string {
  return /^\S+/.exec(output)?.[0] ?? 'unknown';
}
