// Owns whose health `octoporty health` asks: of the service that is configured, or of an `octoporty up` that runs here.

import { isServiceConfigured, loadHealthTarget, type HealthTarget, type Service } from '../config.ts';
import type { ConfigSources } from '../config/variables.ts';
import { atRunningUp, isPortTold, runningUp } from './runningUp.ts';

/** `null` asks for the service that is configured; configured for nothing, for both of a running `up`. */
export async function healthTargetsOf(
  asked: Service | null,
  sources: ConfigSources,
): Promise<HealthTarget[]> {
  const isConfigured = isServiceConfigured(sources) || isPortTold(sources);
  const running = isConfigured ? null : await runningUp(sources);
  if (running === null) return [loadHealthTarget(asked, sources)];
  const services: readonly Service[] = asked === null ? ['gateway', 'agent'] : [asked];
  return services.map((service) => loadHealthTarget(service, atRunningUp(sources, running)));
}
