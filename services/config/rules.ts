// Owns the rules that one setting's form alone cannot tell: what is safe to dial, what needs what. Each throws ConfigError.

import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TUNNEL_PATH } from '../../protocol/control.ts';
import { parseInternalHost } from '../../protocol/hostName.ts';
import { AGENT_SETTINGS } from './agentSettings.ts';
import { COMMON_SETTINGS } from './commonSettings.ts';
import { GATEWAY_SETTINGS } from './gatewaySettings.ts';
import { notThis } from './logins.ts';
import { proxyFor, type Proxy } from './proxy.ts';
import { schemaOf } from './setting.ts';
import { isLoopback } from './values.ts';
import { ConfigError, labelOf, parseVariables, reasonOf, type ConfigSources } from './variables.ts';

/** The gateway's URL with its path. */
export function gatewayUrlOf(sources: ConfigSources): string {
  const text = parseVariables(gatewayUrlSchema, sources).OCTOPORTY_GATEWAY_URL;
  const wrong = complaint('OCTOPORTY_GATEWAY_URL', sources);
  if (text === null) throw wrong("is not set: give the gateway's address, such as wss://tunnel.example.com.");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['ws:', 'wss:'].includes(url.protocol) || !canBeDialled(url))
    throw wrong(`must be like wss://tunnel.example.com${notThis(text)}.`);
  if (url.username !== '' || url.password !== '')
    throw wrong('must not hold a user name or password: the shared secret is enough.');
  if (url.search !== '' || url.hash !== '')
    throw wrong('must end with its path: remove what begins with "?" or "#".');
  if (url.protocol === 'ws:' && !isLoopback(url.hostname) && !isInsecureAllowed(sources))
    throw wrong('is not encrypted: use wss://, or set OCTOPORTY_ALLOW_INSECURE=true on a network you trust.');
  if (url.pathname === '/') url.pathname = TUNNEL_PATH;
  return url.href;
}

/** The agent's folder, absolute; whether it is there, and whose it is, the start finds out. */
export function dataDirOf(sources: ConfigSources): string {
  const path = resolve(parseVariables(dataDirSchema, sources).OCTOPORTY_DATA_DIR);
  if (canBeFolder(path)) return path;
  throw complaint('OCTOPORTY_DATA_DIR', sources)(`is ${path}, where a file is in the way: choose a folder.`);
}

/** The file of certificate authorities, once each of them can be read. */
export function caFileOf(sources: ConfigSources): string | null {
  const path = parseVariables(caFileSchema, sources).OCTOPORTY_CA_FILE;
  if (path === null) return null;
  const label = labelOf('OCTOPORTY_CA_FILE', sources);
  const wrong = (how: string) => new ConfigError(`${label}: ${how}.`, { setting: 'OCTOPORTY_CA_FILE' });
  const pem = readPem(path, wrong);
  const certificates = pem.match(PEM_CERTIFICATE) ?? [];
  if (certificates.length === 0)
    throw wrong(`${path} holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")`);
  const bad = certificates.findIndex((certificate) => !isCertificate(certificate));
  if (bad >= 0) throw wrong(`certificate ${bad + 1} in ${path} cannot be read`);
  return path;
}

/** The proxy on the way to the gateway, once that has an address. */
export function proxyOf(sources: ConfigSources): Proxy | null {
  return proxyFor(gatewayUrlOf(sources), sources.environment ?? {});
}

/** Caddy's admin address may rewrite every route, so in plain HTTP it stays on this machine. Null: there is no Caddy. */
export function caddyAdminUrlOf(sources: ConfigSources): string | null {
  const text = parseVariables(caddyAdminSchema, sources).OCTOPORTY_CADDY_ADMIN_URL;
  const wrong = complaint('OCTOPORTY_CADDY_ADMIN_URL', sources);
  if (text === null || /^unix:\/./.test(text)) return text;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol) || !canBeDialled(url)) {
    throw wrong(`must be like http://localhost:2019 or unix:/run/caddy/admin.sock${notThis(text)}.`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !isInsecureAllowed(sources)) {
    throw wrong(
      'is plain HTTP beyond this machine: use a unix socket or localhost, or set OCTOPORTY_ALLOW_INSECURE=true on a network you trust.',
    );
  }
  const isBare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isBare || !/^\/*$/.test(url.pathname))
    throw wrong('must end with its port: Caddy knows no login there, and its paths are ours to choose.');
  return text.replace(/\/+$/, '');
}

/** The gateway's own public name, which it needs with Caddy. */
export function gatewayHostOf(sources: ConfigSources): string | null {
  const read = parseVariables(gatewayHostSchema, sources);
  if (read.OCTOPORTY_GATEWAY_HOST !== null || read.OCTOPORTY_CADDY_ADMIN_URL === null)
    return read.OCTOPORTY_GATEWAY_HOST;
  throw new ConfigError(
    "OCTOPORTY_GATEWAY_HOST is not set: with Caddy it must be the gateway's own public name, such as tunnel.example.com.",
    { setting: 'OCTOPORTY_GATEWAY_HOST' },
  );
}

/** Of `octoporty up`, which is for this machine alone. */
export const LOOPBACK_RULES: readonly ((sources: ConfigSources) => void)[] = [
  (sources) => onLoopbackOnly('OCTOPORTY_LISTEN_HOST', listenHostOf(sources), sources),
  (sources) => onLoopbackOnly('OCTOPORTY_UI_HOST', uiHostOf(sources), sources),
];

const { OCTOPORTY_ALLOW_INSECURE } = COMMON_SETTINGS;
const { OCTOPORTY_GATEWAY_URL, OCTOPORTY_CA_FILE, OCTOPORTY_DATA_DIR, OCTOPORTY_UI_HOST } = AGENT_SETTINGS;
const { OCTOPORTY_CADDY_ADMIN_URL, OCTOPORTY_GATEWAY_HOST, OCTOPORTY_LISTEN_HOST } = GATEWAY_SETTINGS;

const insecureSchema = schemaOf({ OCTOPORTY_ALLOW_INSECURE });
const gatewayUrlSchema = schemaOf({ OCTOPORTY_GATEWAY_URL });
const dataDirSchema = schemaOf({ OCTOPORTY_DATA_DIR });
const caFileSchema = schemaOf({ OCTOPORTY_CA_FILE });
const caddyAdminSchema = schemaOf({ OCTOPORTY_CADDY_ADMIN_URL });
const gatewayHostSchema = schemaOf({ OCTOPORTY_CADDY_ADMIN_URL, OCTOPORTY_GATEWAY_HOST });

const listenHostSchema = schemaOf({ OCTOPORTY_LISTEN_HOST });
const uiHostSchema = schemaOf({ OCTOPORTY_UI_HOST });

function listenHostOf(sources: ConfigSources): string {
  return parseVariables(listenHostSchema, sources).OCTOPORTY_LISTEN_HOST;
}

function uiHostOf(sources: ConfigSources): string {
  return parseVariables(uiHostSchema, sources).OCTOPORTY_UI_HOST;
}

function onLoopbackOnly(name: string, host: string, sources: ConfigSources): void {
  if (isLoopback(host)) return;
  const how = `is ${host}, but "octoporty up" listens on loopback only: unset it, or run "octoporty gateway" and "octoporty agent".`;
  throw complaint(name, sources)(how);
}

/** URLs may name hosts and ports that nothing can have: `*.example.com`, port 0. */
function canBeDialled({ hostname, port }: URL): boolean {
  return 'host' in parseInternalHost(hostname) && port !== '0';
}

/** False where what is there, or above it, is no folder. Whoever may not look finds nothing wrong. */
function canBeFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    return reasonOf(error) !== 'ENOTDIR';
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

function readPem(path: string, wrong: (how: string) => ConfigError): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong(`cannot read ${path} (${reasonOf(error)})`);
  }
}

/** OpenSSL leaves out what it cannot read, and says nothing. */
function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}

function isInsecureAllowed(sources: ConfigSources): boolean {
  return parseVariables(insecureSchema, sources).OCTOPORTY_ALLOW_INSECURE;
}

function complaint(name: string, sources: ConfigSources): (how: string) => ConfigError {
  const label = labelOf(name, sources);
  return (how) => new ConfigError(`${label} ${how}`, { setting: name });
}
