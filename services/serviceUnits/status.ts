// Owns `octoporty service status`: what is installed, whether systemd runs it, and whether it is well.

import { existsSync } from 'node:fs';
import { loadHealthTarget, type Service } from '../config.ts';
import { askHealth, type HealthAnswer } from '../health.ts';
import { activeStateOf, enabledStateOf } from './running.ts';
import { installedSettings } from './settings.ts';
import { isThere, placesOf, UnreadableError, type SetUp } from './setUp.ts';

const SERVICES = ['gateway', 'agent'] as const;

type Looked = Pick<SetUp, 'root' | 'isThisSystem' | 'systemctl' | 'print'>;

/**
 * Prints a line for each service. True when one is installed at least, and each that is, is well: never in a folder that
 * stands for a system, of which nobody knows.
 */
export async function status(setUp: Looked): Promise<boolean> {
  const installed = SERVICES.filter((service) => existsSync(placesOf(service, setUp).unitFile));
  if (installed.length === 0) {
    const [where, root] = setUp.isThisSystem ? ['here', ''] : [`in ${setUp.root}`, ` --root ${setUp.root}`];
    setUp.print(`No service is installed ${where}: "octoporty service install gateway${root}", or "agent".`);
    return false;
  }
  const lookAt = setUp.isThisSystem ? lookAtService : lookAtFiles;
  const verdicts = await Promise.all(installed.map((service) => lookAt(service, setUp)));
  for (const { line } of verdicts) setUp.print(line);
  return verdicts.every(({ isWell }) => isWell);
}

interface Verdict {
  readonly isWell: boolean;
  readonly line: string;
}

async function lookAtService(service: Service, setUp: Looked): Promise<Verdict> {
  const active = await activeStateOf(service, setUp);
  const enabled = await enabledStateOf(service, setUp);
  const health = await healthOf(service, setUp);
  const { unit } = placesOf(service, setUp);
  const advice = active === 'active' ? '' : ` See why: journalctl --unit ${unit} --lines 30`;
  return {
    isWell: active === 'active' && health.isHealthy,
    line: `${padded(service)}  ${active}, ${enabled}. ${health.says}${advice}`,
  };
}

/** What has its port on this machine is another service. */
async function lookAtFiles(service: Service, setUp: Looked): Promise<Verdict> {
  const enabled = isThere(placesOf(service, setUp).enabledLink) ? 'enabled' : 'disabled';
  return {
    isWell: false,
    line: `${padded(service)}  installed in ${setUp.root}, ${enabled}. Whether it runs and is well, only that system can say.`,
  };
}

function padded(service: Service): string {
  return service.padEnd('gateway'.length);
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
