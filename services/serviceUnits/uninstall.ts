// Owns `octoporty service uninstall`: the service ends and its unit goes; what it knows stays unless it is to go too.

import { existsSync, readdirSync } from 'node:fs';
import type { Service } from '../config.ts';
import { activeStateOf } from './running.ts';
import { isBooted, isThere, mayChange, placesOf, remove, say, SetUpError, type SetUp } from './setUp.ts';

/** `isPurge`: settings, data, and the secret unless the other service has it. Throws SetUpError. */
export async function uninstall(service: Service, setUp: SetUp, isPurge: boolean): Promise<void> {
  mayChange(setUp);
  const { unit, unitFile, envFile, secretFile, state, configuration } = placesOf(service, setUp);
  if (await isLeft(service, setUp)) await removeUnit(service, setUp);
  else setUp.print(`${unit} is not installed${setUp.isThisSystem ? '' : ` in ${setUp.root}`}.`);
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

/** Somebody may have taken part of it away already: its unit and not the link to it, or all while it ran on. */
async function isLeft(service: Service, setUp: SetUp): Promise<boolean> {
  const { unitFile, enabledLink } = placesOf(service, setUp);
  if (isThere(unitFile) || isThere(enabledLink)) return true;
  return (
    isBooted(setUp) &&
    ['active', 'activating', 'reloading', 'deactivating'].includes(await activeStateOf(service, setUp))
  );
}

async function removeUnit(service: Service, setUp: SetUp): Promise<void> {
  const { systemctl, isDry, root } = setUp;
  const { unit, unitFile, enabledLink } = placesOf(service, setUp);
  const isLive = isBooted(setUp);
  if (isLive && !isDry) {
    // What has no unit any more cannot be disabled.
    const order = isThere(unitFile) ? ['disable', '--now', unit] : ['stop', unit];
    const { code, output } = await systemctl(...order);
    if (code !== 0) throw new SetUpError(`systemctl ${order.join(' ')} has failed: ${output}`);
  }
  // Without a systemctl the link is found below.
  if (!isLive && !isDry) await systemctl(`--root=${root}`, 'disable', unit);
  if (isLive) say(setUp, 'stopped', unit);
  else say(setUp, 'disabled', `${unit} in ${root}`);
  if (!isDry) await remove(setUp, enabledLink);
  await remove(setUp, unitFile);
  if (isLive && !isDry) {
    await systemctl('daemon-reload');
    // One that had failed would be remembered; it fails itself where there is nothing to forget.
    await systemctl('reset-failed', unit);
  }
}
