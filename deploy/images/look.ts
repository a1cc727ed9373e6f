// Owns what can be said of an image without running it.

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { z } from 'zod';
import { settingsOf, type ImageSettings } from './container.ts';
import { SBOM_PATH, type Image } from './contents.ts';

/** Raised: a first start on a slow line, and each update, takes as much longer. */
export const MAX_BYTES: Readonly<Record<Image, number>> = { gateway: 150_000_000, agent: 200_000_000 };

const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'busybox', 'zsh', 'ksh', 'toybox']);

const LABELS = ['title', 'description', 'version', 'revision', 'licenses'];

/** Bits by which a file runs as its owner or its group. */
const LENDING_BITS = 0o6000;

export interface Look {
  readonly bytes: number;
  readonly shells: readonly string[];
  /** Files that run with other rights than those of who runs them. */
  readonly lending: readonly string[];
  readonly settings: ImageSettings;
  readonly missingLabels: readonly string[];
  /** In the list of what the image is made of. */
  readonly components: number;
}

export function lookAt(folder: string): Look {
  const root = join(folder, 'rootfs');
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  const files = paths.map((path) => ({ path: relative(root, path), stat: lstatSync(path) }));
  const settings = settingsOf(folder);
  return {
    bytes: files.reduce((bytes, { stat }) => (stat.isFile() ? bytes + stat.size : bytes), 0),
    shells: files
      .map(({ path }) => path)
      .filter((path) => SHELLS.has(basename(path)) && !path.startsWith('app/')),
    lending: files
      .filter(({ stat }) => stat.isFile() && (stat.mode & LENDING_BITS) !== 0)
      .map(({ path }) => path),
    settings,
    missingLabels: LABELS.filter((name) => !settings.Labels[`org.opencontainers.image.${name}`]),
    components: componentsIn(join(root, SBOM_PATH)),
  };
}

function componentsIn(path: string): number {
  const bill = z.object({ components: z.array(z.unknown()) }).parse(JSON.parse(readFileSync(path, 'utf8')));
  return bill.components.length;
}
