// Owns how the dashboard is built: hashed files in ui/dist, each with its compressed forms, and a server for development.

import { fileURLToPath } from 'node:url';
import tailwind from '@tailwindcss/vite';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';

/** The agent that the development server asks: `npm run dev -- --agent http://localhost:17080`. */
const agent = agentIn(process.argv) ?? process.env.OCTOPORTY_DEV_AGENT ?? 'http://localhost:17080';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [vue(), tailwind(), precompress()],
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
  server: {
    proxy: {
      '/api': { target: agent, changeOrigin: true, rewriteWsOrigin: true, configure: asOwnOrigin },
      '/health': { target: agent, changeOrigin: true },
      '/hub': { target: agent, changeOrigin: true, ws: true, rewriteWsOrigin: true },
    },
  },
});

/** The agent takes changes from its own pages only; to it, this server is the dashboard. */
function asOwnOrigin(proxy: {
  on(
    event: 'proxyReq',
    listener: (request: {
      hasHeader(name: string): boolean;
      setHeader(name: string, value: string): void;
    }) => void,
  ): unknown;
}): void {
  proxy.on('proxyReq', (request) => {
    if (request.hasHeader('origin')) request.setHeader('origin', new URL(agent).origin);
  });
}

function agentIn(args: readonly string[]): string | undefined {
  const at = args.indexOf('--agent');
  return at < 0 ? undefined : args[at + 1];
}
