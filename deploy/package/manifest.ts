// Owns what the package says of itself: its package.json, and the lockfile of what it stands on.

import { z } from 'zod';

/** As much of the repository's package.json as the package takes over. */
const sourceSchema = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  license: z.string(),
  bin: z.record(z.string(), z.string()),
  type: z.literal('module'),
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
  engines: z.object({ node: z.string() }),
});

export type Manifest = z.output<typeof sourceSchema> & {
  readonly keywords: readonly string[];
  readonly repository?: { readonly type: 'git'; readonly url: string };
};

const KEYWORDS = [
  'tunnel',
  'reverse-proxy',
  'self-hosted',
  'expose',
  'localhost',
  'webhook',
  'caddy',
  'homelab',
];

/** A range would install what nobody has tested. */
const EXACT_VERSION = /^\d+\.\d+\.\d+$/;

/**
 * The package's package.json. In a workflow of GitHub it names the repository of that workflow: npm takes a package with
 * provenance only where both are the same. Throws where a dependency is not pinned to one version.
 */
export function manifestOf(packageText: string, env: Readonly<NodeJS.ProcessEnv>): Manifest {
  const source = sourceSchema.parse(JSON.parse(packageText));
  const pins = Object.entries({ ...source.dependencies, ...source.optionalDependencies });
  const loose = pins.find(([, version]) => !EXACT_VERSION.test(version));
  if (loose !== undefined) throw new Error(`${loose[0]} is not pinned to one version: ${loose[1]}.`);
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = env;
  if (server === undefined || name === undefined) return { ...source, keywords: KEYWORDS };
  const repository = { type: 'git', url: `git+${server}/${name}.git` } as const;
  return { ...source, keywords: KEYWORDS, repository };
}

const lockSchema = z.looseObject({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.looseObject({ dev: z.boolean().optional(), resolved: z.never().optional() }),
  ),
});

/** The lockfile without development packages, for `npm ci` in the folder; npm leaves it out of the archive. */
export function lockfileOf(lockText: string, manifest: Manifest): object {
  const { packages, lockfileVersion } = lockSchema.parse(JSON.parse(lockText));
  const kept = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const { name, version } = manifest;
  return {
    name,
    version,
    lockfileVersion,
    requires: true,
    packages: { '': manifest, ...Object.fromEntries(kept) },
  };
}
