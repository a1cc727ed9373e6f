// Owns the test that Prometheus itself understands what both ends tell, and that the alerts do what they say.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { pathOf, testWith } from '../support/programs.ts';
import { get, startRig } from '../support/rig.ts';

const TOKEN = 'a status token';

const testOfPrometheus = testWith('promtool');

testOfPrometheus(
  'what a gateway and an agent tell is read by Prometheus, which finds nothing to improve',
  async () => {
    const rig = await startRig({
      maps: ['app.test=http://127.0.0.1:1'],
      env: { OCTOPORTY_STATUS_TOKEN: TOKEN },
    });
    onTestFinished(() => rig.stop());
    expect((await get(rig.gatewayPort, 'app.test')).status).toBe(502);
    for (const port of [rig.gatewayPort, rig.uiPort]) {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      expect(await promtool(['check', 'metrics'], await answer.text())).toEqual({ code: 0, says: '' });
    }
  },
);

testOfPrometheus('the alerts and the example of a scrape are valid', async () => {
  const rules = await promtool(['check', 'rules', inRepository('deploy/prometheus/alerts.yml')]);
  expect(rules).toEqual({ code: 0, says: expect.stringMatching(/SUCCESS: \d+ rules found/) });
  // Not the files that it names: the tokens are on whoever's machine it is.
  const example = inRepository('deploy/prometheus/prometheus.yml');
  expect(await promtool(['check', 'config', '--syntax-only', example])).toMatchObject({ code: 0 });
});

testOfPrometheus('the alerts are told when they should be, in these words, and not before', async () => {
  const { code, says } = await promtool(['test', 'rules', inRepository('test/e2e/prometheusAlerts.yml')]);
  expect([code, says]).toEqual([0, expect.stringContaining('SUCCESS')]);
});

async function promtool(args: readonly string[], input = ''): Promise<{ code: unknown; says: string }> {
  const child = spawn(pathOf('promtool'), args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let says = '';
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => {
      says += chunk.toString();
    });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, says };
}

function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
