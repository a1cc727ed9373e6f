// The compose files: whole by the specification, closed to strangers, and in step with what they start.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadAgentConfig, loadGatewayConfig } from '../../services/config.ts';
import { isSecret, SETTINGS } from '../../services/config/settings.ts';
import { VERSION } from '../../services/version.ts';
import { readComposeFile, readDeployFile, type ComposeService } from './composeFile.ts';

const FILES = ['docker-compose.yml', 'docker-compose.agent.yml', 'docker-compose.dev.yml'].map(
  readComposeFile,
);

const schema = z
  .record(z.string(), z.unknown())
  .parse(JSON.parse(readFileSync(new URL('schema/compose-spec.json', import.meta.url), 'utf8')));

const isValid = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

/** What an environment calls a secret, whoever reads it. */
const SECRET_NAME = /PASSWORD|SECRET|TOKEN|CONNECTION_STRING|PRIVATE_KEY/;

const SECRET = 'a secret for tests that is long enough';

/** As a compose file mounts them. */
const folder = mkdtempSync(join(tmpdir(), 'octoporty-compose-'));
const secretFile = join(folder, 'secret');
writeFileSync(secretFile, SECRET);
afterAll(() => rmSync(folder, { recursive: true }));

const isOurs = ({ image }: ComposeService) => image.startsWith('octoporty-');
const isForeign = ({ image }: ComposeService) => image.startsWith('mcr.microsoft.com/');

describe.each(FILES)('$name', ({ text, parsed, services, secrets, volumes }) => {
  const all = [...services.values()];
  const hardened = all.filter((service) => !isForeign(service));

  test('is what the Compose Specification asks for', () => {
    isValid(parsed);
    expect(isValid.errors ?? []).toEqual([]);
  });

  test('pins each image to one version, ours to that of this build', () => {
    for (const service of all) {
      expect(service.image).toMatch(/:\d+[\w.-]*\d[\w.-]*$/);
      expect(service.image).not.toMatch(/latest/);
      if (isOurs(service)) expect(service.image).toMatch(new RegExp(`:${VERSION}$`));
    }
  });

  test('builds ours by the Dockerfile of both', () => {
    const stages = [...readDeployFile('Dockerfile').matchAll(/^FROM .* AS (\w+)$/gm)].map(([, name]) => name);
    for (const { image, build } of all.filter(isOurs)) {
      expect(build).toMatchObject({ context: '..', dockerfile: 'deploy/Dockerfile' });
      expect(stages).toContain(build?.target);
      expect(image).toContain(`octoporty-${build?.target}:`);
    }
  });

  test('sets only what the service reads', () => {
    for (const service of all.filter(isOurs)) {
      const known = Object.keys(SETTINGS[service.build?.target === 'agent' ? 'agent' : 'gateway']);
      const set = Object.keys(service.environment).map((name) => name.replace(/(?<=.)_FILE$/, ''));
      expect(set.filter((name) => !known.includes(name))).toEqual([]);
    }
  });

  test('starts ours with an environment that they take', () => {
    for (const { build, environment } of all.filter(isOurs)) {
      const filled = Object.entries(environment).map(
        ([name, value]) => [name, filledIn(value ?? '')] as const,
      );
      // One file for all: long enough for a secret, and no connection string where none is asked for.
      const files = filled.map(([name, value]) => [
        name,
        value.startsWith('/run/secrets/') ? secretFile : value,
      ]);
      const given = { environment: z.record(z.string(), z.string()).parse(Object.fromEntries(files)) };
      if (build?.target === 'agent') expect(loadAgentConfig(given).uiPassword).toBe(SECRET);
      else expect(loadGatewayConfig(given).authSecrets).toEqual([SECRET]);
    }
  });

  test('asks Caddy how it is where its Caddyfile says', () => {
    const asked = /'(http:\/\/127\.0\.0\.1:\d+)\/health'/.exec(text)?.[1];
    if (services.has('caddy')) expect(readDeployFile('Caddyfile.compose')).toContain(`\n${asked} {\n`);
  });

  test('has no secret in an environment, and each in a file', () => {
    for (const service of all) {
      const names = Object.keys(service.environment);
      expect(names.filter((name) => SECRET_NAME.test(name) && !name.endsWith('_FILE'))).toEqual([]);
      expect(names.filter(isSecret)).toEqual([]);
      expect(service.secrets.filter((name) => !secrets.has(name))).toEqual([]);
      const files = names
        .filter((name) => name.endsWith('_FILE'))
        .map((name) => service.environment[name] ?? '');
      for (const path of files.filter((file) => !file.startsWith('$'))) {
        expect(service.secrets).toContain(path.replace('/run/secrets/', ''));
      }
    }
    for (const path of secrets.values())
      expect(path).toMatch(/^(\.\/secrets\/[\w-]+|\$\{\w+:-\/dev\/null\})$/);
  });

  test('publishes to other machines nothing but the web ports of Caddy', () => {
    for (const [name, { ports }] of services) {
      const open = ports.filter((port) => !port.startsWith('127.0.0.1:'));
      expect(open.filter((port) => name !== 'caddy' || !/^(80:80|443:443(\/udp)?)$/.test(port))).toEqual([]);
    }
  });

  test('publishes the admin API of Caddy nowhere', () => {
    for (const { ports } of all)
      expect(ports.filter((port) => /(:|^)20(19|20)(\/|$)/.test(port))).toEqual([]);
    expect(text).not.toContain('2019');
    const [, admin = ''] = /^\tadmin (\S+)$/m.exec(readDeployFile('Caddyfile.compose')) ?? [];
    expect(admin).toMatch(/^unix\/\//);
  });

  test('gives no service more rights than it needs', () => {
    for (const service of hardened) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(service.security_opt).toContain('no-new-privileges:true');
      expect(service.cap_add).toEqual(service.image.startsWith('caddy:') ? ['NET_BIND_SERVICE'] : []);
      expect(service).not.toHaveProperty('privileged');
      expect(service.volumes.filter((volume) => volume.includes('docker.sock'))).toEqual([]);
    }
  });

  test('keeps every service running, and its log small', () => {
    for (const [name, service] of services) {
      if (name !== 'mssql-database') expect(service.restart).toBe('unless-stopped');
      expect(service.logging?.options).toHaveProperty('max-size');
      expect(service.logging?.options).toHaveProperty('max-file');
    }
  });

  test('lets ours drain before it is killed', () => {
    const { drainMs } = loadGatewayConfig({ environment: { OCTOPORTY_AUTH_SECRET: 'a'.repeat(32) } });
    for (const service of all.filter(isOurs)) {
      expect(Number.parseInt(service.stop_grace_period, 10) * 1000).toBeGreaterThan(drainMs);
    }
  });

  test('declares each volume that it uses', () => {
    const named = all.flatMap((service) => service.volumes.map((volume) => volume.split(':')[0] ?? ''));
    expect(new Set(named.filter((name) => !name.startsWith('.')))).toEqual(new Set(volumes));
  });

  test('takes only variables that .env.example speaks of', () => {
    const example = readDeployFile('.env.example');
    const spokenOf = new Set([...example.matchAll(/^(?:# )?([A-Z]\w+)=/gm)].map(([, name]) => name));
    const taken = [...text.replaceAll('$$', '').matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    expect(taken.filter((name) => !spokenOf.has(name))).toEqual([]);
  });
});

test('no secret stands in .env.example, only where its file is', () => {
  const assigned = [...readDeployFile('.env.example').matchAll(/^(?:# )?([A-Z]\w+)=(.*)$/gm)];
  for (const [, name = '', value = ''] of assigned) {
    if (SECRET_NAME.test(name)) expect(value).toMatch(/^(\.\/secrets|\/run\/secrets)\//);
  }
});

/** With the defaults, and of the rest with what .env.example shows. */
function filledIn(value: string): string {
  const example = new Map(
    [...readDeployFile('.env.example').matchAll(/^([A-Z]\w+)=(.*)$/gm)].map(([, name = '', text = '']) => [
      name,
      text,
    ]),
  );
  return value.replace(
    /\$\{(\w+)(?::-([^}]*)|:\?[^}]*)\}/g,
    (_, name: string, fallback?: string) => fallback ?? example.get(name) ?? '',
  );
}
