// Owns how the theme comes before the first picture: a script that the document waits for, under a name that holds its hash.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** The dashboard's own scripts are modules, which run when the document has been shown. Inline is what the policy forbids. */
export function themeFirst(): Plugin {
  const source = readFileSync(new URL('theme/early.ts', import.meta.url), 'utf8');
  const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8);
  const fileName = `assets/theme-${hash}.js`;
  return {
    name: 'theme-first',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source });
    },
    transformIndexHtml: (_html, { server }) => [
      server === undefined
        ? { tag: 'script', attrs: { src: `/${fileName}` }, injectTo: 'head-prepend' }
        : { tag: 'script', children: source, injectTo: 'head-prepend' },
    ],
  };
}
