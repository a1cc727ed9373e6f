// Owns what others know of an `octoporty up` that runs: whether one does, and the settings that lead to it.

import { find, type ConfigSources, type Variables } from '../config/variables.ts';
import { loadStorePlace, withEnvironment } from '../config.ts';
import { readWhereabouts, type Whereabouts } from './whereabouts.ts';

/** The one that runs on the data folder now; null: none does. */
export async function runningUp(sources: ConfigSources): Promise<Whereabouts | null> {
  const { dataDir } = loadStorePlace(sources);
  const noted = readWhereabouts(dataDir);
  if (noted === null) return null;
  // A killed one leaves its note, but no lock; and whoever takes the lock next removes the note.
  const { isDataFolderHeld } = await import('../agent/dataFolderLock.ts');
  return isDataFolderHeld(dataDir) ? noted : null;
}

/** The sources with where it listens. What a flag or a variable says wins, but not over the file: `up` has read that too. */
export function atRunningUp(
  sources: ConfigSources,
  { gateway, dashboard, caddy }: Whereabouts,
): ConfigSources {
  const known: Variables = {
    OCTOPORTY_LISTEN_HOST: gateway.host,
    OCTOPORTY_LISTEN_PORT: String(gateway.port),
    OCTOPORTY_UI_HOST: dashboard.host,
    OCTOPORTY_UI_PORT: String(dashboard.port),
    OCTOPORTY_CADDY_ADMIN_URL: caddy?.adminUrl,
  };
  const missing = Object.entries(known).filter(([name]) => !isTold(name, sources));
  return { ...sources, flags: { ...sources.flags, ...Object.fromEntries(missing) } };
}

/** Whether somebody says which port to ask. */
export function isPortTold(sources: ConfigSources): boolean {
  return isTold('OCTOPORTY_LISTEN_PORT', sources) || isTold('OCTOPORTY_UI_PORT', sources);
}

/** By a flag or a variable. Port 0 is any free one, which is none to be asked. */
function isTold(name: string, sources: ConfigSources): boolean {
  const found = find(name, withEnvironment(sources));
  return (found?.origin.from === 'flag' || found?.origin.from === 'environment') && found.text !== '0';
}
