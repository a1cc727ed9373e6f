// Owns `octoporty service uninstall`: the service ends and its unit goes; what it knows stays unless it is to go too.

import { existsSync, readdirSync } from 'node:fs';
import type { Service } from '../config.ts';
import { isBooted, mayChange, placesOf, remove, say, SetUpError, type SetUp } from './setUp.ts';

/** `isPurge`: settings, data, and the secret unless the other service has it. Throws SetUpError. */
export async function uninstall(service: Service, setUp: SetUp, isPurge: boolean): Promise<void> {
  mayChange(setUp);
  const { unit, unitFile, envFile, secretFile, state, configuration } = placesOf(service, setUp);
  if (existsSync(unitFile)) await removeUnit(setUp, unit, unitFile);
  else setUp.print(`${unit} is not installed.`);
  if (!isPurge) {
    const kept = [envFile, secretFile, ...state].filter((path) => existsSync(path));
    if (kept.length > 0) setUp.print(`Kept: ${kept.join(', ')}. With --purge they go too.`);
    return;
  }
  await remove(setUp, envFile);
  await remove(setUp, `${unitFile}.d`);
  for (const path of state) await remove(setUp, path);
  const other = placesOf(service === 'gateway' ? 'agent' : 'gateway', setUp);
  if (existsSync(other.envFile)) return;
  await remove(setUp, secretFile);
  if (existsSync(configuration) && readdirSync(configuration).length === 0)
    await remove(setUp, configuration);
}

async function removeUnit(setUp: SetUp, unit: string, unitFile: string): Promise<void> {
  const { systemctl, isDry, root } = setUp;
  const isLive = isBooted(setUp);
  if (!isDry) {
    const { code, output } = isLive
      ? await systemctl('disable', '--now', unit)
      : await systemctl(`--root=${root}`, 'disable', unit);
    if (isLive && code !== 0) throw new SetUpError(`systemctl disable --now ${unit} has failed: ${output}`);
  }
  say(setUp, 'stopped', unit);
  await remove(setUp, unitFile);
  if (isLive && !isDry) {
    await systemctl('daemon-reload');
    // One that had failed would be remembered; it fails itself where there is nothing to forget.
    await systemctl('reset-failed', unit);
  }
}
