// Owns the tests of the paths that are the gateway's own, and of whom they belong to.

import { describe, expect, it } from 'vitest';
import type { PublicEdge } from '../../support/publicEdge.ts';
import { openReplying, openStaged } from './listenerStage.ts';

describe('a reserved path', () => {
  const ask = async (edge: PublicEdge, target: string, host: string, ...lines: string[]) => {
    const client = await edge.connect();
    client.send([`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines].join('\r\n') + '\r\n\r\n');
    return client.head();
  };
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];

  it.each([
    '/health',
    '/metrics?x',
    '/api/v1/status',
    '/api/v1/machines',
    '/api/v1/machines/session.1/heartbeat',
    '/tunnel',
    'http://gw.test/health',
  ])('%s is the gateway’s own where no mapping has the host', async (target) => {
    const paths: (string | undefined)[] = [];
    const edge = await openReplying({
      own(req, res) {
        paths.push(req.url);
        res.end();
      },
    });
    expect(await ask(edge, target, 'gw.test')).toContain('200');
    expect(paths).toEqual([target.replace('http://gw.test', '')]);
    expect(edge.relayed).toHaveLength(0);
  });

  it.each(['/healthy', '/api/v1/machinesx', '/api/v1/status/', '/HEALTH'])(
    '%s only looks like one, and is nobody’s',
    async (target) => {
      const edge = await openReplying({ own: () => expect.unreachable() });
      await ask(edge, target, 'gw.test');
      expect(edge.relayed).toHaveLength(1);
    },
  );

  it.each(['/health', '/metrics', '/tunnel', '/api/v1/status', '/api/v1/machines', '/api/v1/machines/a'])(
    '%s belongs to the mapping that has the host',
    async (target) => {
      const edge = await openReplying();
      await ask(edge, target, 'a.localhost');
      expect(edge.relayed).toHaveLength(1);
    },
  );

  it.each(['/health/', '//health', '/Health', '/api/v1/mappings', '/'])('is not %s', async (target) => {
    const edge = await openReplying();
    await ask(edge, target, 'gw.test');
    expect(edge.relayed[0]?.request.host).toBe('gw.test');
  });

  it('/tunnel takes WebSocket handshakes, and no other upgrade', async () => {
    const edge = await openReplying();
    expect(await ask(edge, '/tunnel', 'gw.test', ...upgrade)).toContain('101 Own');
    expect(await ask(edge, '/tunnel', 'gw.test', 'Connection: Upgrade', 'Upgrade: raw')).toContain('200 OK');
    expect(await ask(edge, '/health', 'gw.test', ...upgrade)).toContain('200 OK');
  });

  it('/tunnel upgrades to the origin where a mapping has the host', async () => {
    const edge = await openStaged((relayed) => {
      relayed.visitor.writeHead({ status: 101, reason: 'Mine', headers: ['Upgrade', 'websocket'] }, true);
    });
    expect(await ask(edge, '/tunnel', 'a.localhost', ...upgrade)).toContain('101 Mine');
  });
});
