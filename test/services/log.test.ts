// Owns the tests of the log: one JSON line an event, and no secret in any of them.

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LogLevel } from '../../services/config/commonSettings.ts';
import { createLog } from '../../services/log.ts';

const lineSchema = z.looseObject({ level: z.string(), time: z.iso.datetime(), msg: z.string() });

/** Where a secret may turn up: the fields and the sentence of an event that holds it. */
const PLACES: [string, (secret: string) => readonly [object, string]][] = [
  ['in the sentence', (secret: string) => [{}, `dialling with ${secret} failed`]],
  ['in a field', (secret: string) => [{ url: `wss://x/?t=${secret}` }, 'x']],
  ['in a URL', (secret: string) => [{ url: `mssql://sa:${encodeURIComponent(secret)}@db` }, 'x']],
  ['deep in a list', (secret: string) => [{ a: [{ b: [secret] }] }, 'x']],
  ['in an error', (secret: string) => [{ error: new Error(`login of ${secret}`) }, 'x']],
  ['in a field named like its own', (secret: string) => [{ nested: { level: secret } }, 'x']],
];

describe('the log', () => {
  it('writes one JSON line an event: level, time, component, facts and a sentence', () => {
    const { log, lines } = recorded();
    log.child('tunnels').info({ agents: 2 }, 'An agent is online.');
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({
      level: 'info',
      component: 'tunnels',
      agents: 2,
      msg: 'An agent is online.',
    });
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = recorded([], 'warn');
    log.debug({}, 'a');
    log.info({}, 'b');
    log.warn({}, 'c');
    log.error({}, 'd');
    expect(lines().map(({ msg }) => msg)).toEqual(['c', 'd']);
  });

  it('tells an error whole, with its cause', () => {
    const { log, lines } = recorded();
    log.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'It failed.');
    expect(JSON.stringify(lines()[0])).toMatch(/outer.*inner/);
  });

  it.each(['password', 'token', 'authorization', 'set-cookie'])('never shows a field called %s', (field) => {
    const { log, text } = recorded();
    log.info(
      { [field]: 'hidden', request: { [field]: 'hidden', headers: { [field]: 'hidden' } } },
      'Request.',
    );
    expect(text()).not.toContain('hidden');
    expect(text().match(/\[redacted\]/g)).toHaveLength(3);
  });

  it.each(PLACES)('takes a known secret out %s', (_where, event) => {
    for (const secret of ['p@ss/w"o\\rd ü', 'a'.repeat(64), 'x']) {
      const { log, text } = recorded([secret]);
      log.info(...event(`${secret}${secret}`));
      expect(text()).toContain('[redacted][redacted]');
      expect(text()).not.toContain(encodeURIComponent(secret) + encodeURIComponent(secret));
    }
  });

  it('stays readable when a password is an everyday word', () => {
    const { log, lines } = recorded(['info', 'level', 'msg']);
    log.info({}, 'level of info');
    expect(lines()[0]).toMatchObject({ level: 'info', msg: '[redacted] of [redacted]' });
  });
});

function recorded(secrets: string[] = [], level: LogLevel = 'debug') {
  const written: string[] = [];
  const log = createLog({ level, secrets, destination: { write: (line) => void written.push(line) } });
  return {
    log,
    text: () => written.join(''),
    lines: () => written.map((line) => lineSchema.parse(JSON.parse(line))),
  };
}
