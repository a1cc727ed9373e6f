// Owns whether the agent's side is here: the gateway's image leaves out what the agent runs on.

import { existsSync } from 'node:fs';
import { ConfigError } from './config/variables.ts';

/** Throws ConfigError in the gateway's image, before anything else is found missing. */
export function requireAgentSide(): void {
  if (existsSync(new URL('./agent/', import.meta.url))) return;
  throw new ConfigError('This image holds only the gateway: run this in the image of the agent.');
}
