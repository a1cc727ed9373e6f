// Owns how the dashboard is built: hashed files in ui/dist, each with its compressed forms.

import { fileURLToPath } from 'node:url';
import tailwind from '@tailwindcss/vite';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';
import { themeFirst } from './themeFirst.ts';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [vue(), tailwind(), themeFirst(), precompress()],
  resolve: {
    alias: [{ find: /^zod$/, replacement: fileURLToPath(new URL('strictZod.ts', import.meta.url)) }],
  },
  define: { __VUE_OPTIONS_API__: false },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    // light-dark() must arrive as it is: these are the first browsers that know it.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // The content policy forbids data: in scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
