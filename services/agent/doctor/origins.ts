// The doctor's look behind each mapping: its origin, tried out from here as the agent would reach it.

import type { AgentConfig } from '../../config.ts';
import { systemClock } from '../../clock.ts';
import { examine, failed, ok, skipped, type Finding } from '../../doctor.ts';
import { createTargetTest } from '../targetTest.ts';
import type { PublishedMapping } from './database.ts';

/** Origins tried at once. Raised: a small router on the way may take so many new connections for an attack. */
const ORIGINS_AT_ONCE = 16;

/** Mappings looked at. Raised: with origins that hang, the doctor takes minutes. */
export const MAX_EXAMINED = 200;

export async function examineOrigins(
  mappings: readonly PublishedMapping[],
  config: Pick<AgentConfig, 'allowedTargets' | 'connectTimeoutMs' | 'uiPort'>,
): Promise<Finding[]> {
  const test = createTargetTest({
    allowedTargets: config.allowedTargets,
    ownPorts: () => [config.uiPort],
    connectTimeoutMs: config.connectTimeoutMs,
    clock: systemClock,
    maxTests: ORIGINS_AT_ONCE,
  });
  const findings = await inTurns(mappings.slice(0, MAX_EXAMINED), (mapping) => {
    const check = `origin of ${mapping.externalDomain}`;
    return examine(check, async () => {
      const { ok: isReached, message } = await test(mapping);
      return isReached ? ok(check, message) : failed(check, message);
    });
  });
  const left = mappings.length - findings.length;
  return left > 0 ? [...findings, skipped('origins', `${left} more mappings are not tried`)] : findings;
}

/** Some at a time; the answers in the order of the items. */
async function inTurns<Item>(
  items: readonly Item[],
  look: (item: Item) => Promise<Finding>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [n, item] of waiting) findings[n] = await look(item);
  };
  await Promise.all(Array.from({ length: ORIGINS_AT_ONCE }, worker));
  return findings;
}
