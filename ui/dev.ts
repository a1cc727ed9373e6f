// Owns `npm run dev`: the dashboard from its sources, with hot reload, against an agent that runs.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';

const { values } = parseArgs({
  options: {
    /** Where the agent is. */
    agent: { type: 'string', default: 'http://localhost:17080' },
    port: { type: 'string', default: '5173' },
  },
});

const server = await createServer({
  configFile: fileURLToPath(new URL('vite.config.ts', import.meta.url)),
  server: { port: Number(values.port), proxy: proxyTo(new URL(values.agent).origin) },
});
await server.listen();
server.printUrls();

/** To the agent this server is the dashboard: it takes changes from its own pages only. */
function proxyTo(agent: string) {
  const headers = { origin: agent };
  const asOwnPage = { target: agent, changeOrigin: true, headers };
  // Not all of /api: the sources have a folder of that name.
  return { '/api/v1': asOwnPage, '/health': asOwnPage, '/hub': { ...asOwnPage, ws: true } };
}
