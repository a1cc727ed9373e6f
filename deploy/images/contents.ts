// Owns which image holds what: the gateway's leaves out what only the agent runs.

import { z } from 'zod';

export const IMAGES = ['gateway', 'agent'] as const;
export type Image = (typeof IMAGES)[number];

/** In each image: what it is made of, as CycloneDX. */
export const SBOM_PATH = 'usr/share/octoporty/sbom.cdx.json';

/**
 * What the gateway's image is without. Too much here, and a gateway does not start; too little, and it carries what it
 * never runs. test/images/contents.test.ts holds the packages to what the sources import.
 */
export const AGENT_ONLY = {
  files: ['services/agent', 'services/up.js', 'services/demo', 'services/demo.js', 'ui'],
  packages: ['@tediousjs/connection-string', 'raw-body', 'sequelize', 'tedious', 'umzug', 'zod-openapi'],
} as const;

/** What npm keeps for itself, and what installs services on machines. */
export const IN_NO_IMAGE = [
  'package-lock.json',
  'node_modules/.package-lock.json',
  'node_modules/.bin',
  'README.md',
  'deploy',
] as const;

const manifestSchema = z.looseObject({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.unknown(),
  bin: z.unknown(),
});

/** Throws for anything else. */
export function parseImage(text: string): Image {
  return z.enum(IMAGES).parse(text);
}

/** The package.json of an image: the Node of the image is not a package of npm. */
export function manifestFor(image: Image, packageText: string): string {
  const { optionalDependencies: _, bin: __, ...manifest } = manifestSchema.parse(JSON.parse(packageText));
  const left: readonly string[] = image === 'gateway' ? AGENT_ONLY.packages : [];
  const dependencies = Object.entries(manifest.dependencies).filter(([name]) => !left.includes(name));
  return `${JSON.stringify({ ...manifest, dependencies: Object.fromEntries(dependencies) }, null, 2)}\n`;
}
