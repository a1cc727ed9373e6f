// What a first visit loads: the build's own manifest says which scripts, and their sizes are added up.

import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { buildDashboard } from '../../services/buildDashboard.mjs';

/** Compressed script of a first page. Raised: a phone on a slow network waits for longer. */
const MAX_FIRST_LOAD_BYTES = 150_000;

const BUILD_MS = 120_000;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const manifestSchema = z.record(
  z.string(),
  z.object({ file: z.string(), imports: z.array(z.string()).default([]), isEntry: z.boolean().optional() }),
);

test(
  'a first page loads at most 150 kB of compressed script, whichever it is',
  { timeout: BUILD_MS },
  async () => {
    await buildDashboard(ROOT);
    const manifest = manifestSchema.parse(
      JSON.parse(readFileSync(`${ROOT}/ui/dist/.vite/manifest.json`, 'utf8')),
    );
    const pages = Object.keys(manifest).filter((name) => name.startsWith('pages/'));
    expect(pages.length).toBeGreaterThanOrEqual(9);
    const sizes = pages.map((page) => {
      const files = filesOf(manifest, ['index.html', page]);
      return { page, bytes: [...files].reduce((sum, file) => sum + compressedBytes(file), 0) };
    });
    expect(sizes.filter(({ bytes }) => bytes > MAX_FIRST_LOAD_BYTES)).toEqual([]);
    // Vue alone is more than this: a sum of nothing must not pass.
    for (const { bytes } of sizes) expect(bytes).toBeGreaterThan(30_000);
  },
);

/** What these chunks load before they run. */
function filesOf(manifest: z.output<typeof manifestSchema>, names: readonly string[]): ReadonlySet<string> {
  const files = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const chunk = manifest[name];
    if (chunk === undefined) throw new Error(`not in the manifest: ${name}`);
    if (files.has(chunk.file)) continue;
    files.add(chunk.file);
    open.push(...chunk.imports);
  }
  return files;
}

/** As gzip, which every browser reads; small files are served as they are. */
function compressedBytes(file: string): number {
  const path = `${ROOT}/ui/dist/${file}`;
  return (statSync(`${path}.gz`, { throwIfNoEntry: false }) ?? statSync(path)).size;
}
