// Owns the configuration of both services: the only file that reads the environment, and it reads it through one schema.

import { resolve } from 'node:path';
import type { z } from 'zod';
import { RENEW_AFTER_MS, SESSION_LIFETIME_MS } from '../machines/session.ts';
import { AGENT_LISTEN_SETTINGS, AGENT_SETTINGS, STORE_SETTINGS } from './config/agentSettings.ts';
import { COMMON_SETTINGS, type LogLevel } from './config/commonSettings.ts';
import { readConfigFile } from './config/configFile.ts';
import type { ReadConfigFile } from './config/configText.ts';
import { GATEWAY_LISTEN_SETTINGS, GATEWAY_SETTINGS } from './config/gatewaySettings.ts';
import type { MapFlag } from './config/mapFlag.ts';
import { passwordsIn } from './config/logins.ts';
import {
  caddyAdminUrlOf,
  caFileOf,
  dataDirOf,
  gatewayHostOf,
  gatewayUrlOf,
  proxyOf,
} from './config/rules.ts';
import { schemaOf } from './config/setting.ts';
import { isConfigured, parseVariables, type ConfigSources, type Variables } from './config/variables.ts';

export interface GatewayConfig {
  readonly listenHost: string;
  /** 0 takes any free port. */
  readonly listenPort: number;
  /** The current one first; all are accepted while agents change over. */
  readonly authSecrets: readonly string[];
  /** The gateway's own public name, which no mapping may take. */
  readonly gatewayHost: string | null;
  /** CIDRs whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[];
  /** Opens metrics and the full status; null: they stay closed. */
  readonly statusToken: string | null;
  readonly headTimeoutMs: number;
  /** A session ends this long after its last proof. */
  readonly sessionLifetimeMs: number;
  /** A session this old is asked to prove itself again: two thirds of its life. */
  readonly sessionRenewMs: number;
  /** How long an absent agent keeps its routes. */
  readonly routeLeaseMs: number;
  /** Null: no Caddy, visitors reach the gateway directly. */
  readonly caddy: CaddyConfig | null;
  readonly drainMs: number;
  readonly logLevel: LogLevel;
}

export interface CaddyConfig {
  /** `http://localhost:2019` or `unix:/path`. */
  readonly adminUrl: string;
  /** `host:port` where Caddy finds the gateway; null: on this machine, at the port that the gateway listens on. */
  readonly upstream: string | null;
  /** External ports for which Caddy listens elsewhere: 443 → 8443. Any other is listened on itself, or as Caddy says. */
  readonly portMap: ReadonlyMap<number, number>;
  /** The external ports that mappings may have: 443, 80, and those that were asked for. */
  readonly externalPorts: ReadonlySet<number>;
  /** Where Caddy's listeners are reached from here, to look at the certificates that it shows. */
  readonly host: string;
  /** Addresses, with a port or without, that are asked where published names lead; empty: those of the system. */
  readonly dnsServers: readonly string[];
  /** Caddy's log as JSON lines, absolute: it says why a certificate was not issued. Null: nobody says where it is. */
  readonly logFile: string | null;
}

export interface AgentConfig {
  /** `ws://` or `wss://`, path included. */
  readonly gatewayUrl: string;
  /** The HTTP proxy the gateway is dialled through; null: directly. */
  readonly proxyUrl: string | null;
  readonly authSecrets: readonly string[];
  /** Absolute. */
  readonly dataDir: string;
  /** Null: an SQLite file in the data folder. */
  readonly connectionString: string | null;
  readonly uiHost: string;
  /** 0 takes any free port. */
  readonly uiPort: number;
  readonly uiUsername: string;
  readonly uiPassword: string;
  /** Host names under which the UI may be asked for, besides addresses and localhost. */
  readonly uiAllowedHosts: readonly string[];
  readonly agentName: string;
  /** Opens metrics, besides a login; null: a login alone does. */
  readonly statusToken: string | null;
  readonly connectTimeoutMs: number;
  /** False: no request is noted anywhere. */
  readonly isRequestLogOn: boolean;
  /** How long rows of the request log stay, and how many at most. */
  readonly logRetentionMs: number;
  readonly logMaxRows: number;
  /** CIDRs an origin may have although they are link-local or cloud metadata. */
  readonly allowedTargets: readonly string[];
  /** PEM file of a private certificate authority for the gateway. */
  readonly caFile: string | null;
  readonly maps: readonly MapFlag[];
  /** Domains whose mappings are removed at start. */
  readonly unmaps: readonly string[];
  readonly drainMs: number;
  readonly logLevel: LogLevel;
}

/** A session of any lifetime is renewed at this share of it: the rest is left for the new proof. */
const RENEW_AT = RENEW_AFTER_MS / SESSION_LIFETIME_MS;

/** How long streams in flight get at the end. Raised: container runtimes kill first (Docker after 10 s unless told). */
const DRAIN_MS = 30_000;

/** External ports that Caddy listens on whatever else is asked for. */
const USUAL_PORTS = [443, 80];

const gatewaySchema = schemaOf({ ...COMMON_SETTINGS, ...GATEWAY_SETTINGS });
const agentSchema = schemaOf({ ...COMMON_SETTINGS, ...AGENT_SETTINGS });

/** Throws ConfigError. */
export function loadGatewayConfig(given: ConfigSources = {}): GatewayConfig {
  const sources = withEnvironment(given);
  const read = parseVariables(gatewaySchema, sources);
  return {
    listenHost: read.OCTOPORTY_LISTEN_HOST,
    listenPort: read.OCTOPORTY_LISTEN_PORT,
    authSecrets: secretsInOrder(read),
    gatewayHost: gatewayHostOf(sources),
    trustedProxies: read.OCTOPORTY_TRUSTED_PROXIES,
    statusToken: read.OCTOPORTY_STATUS_TOKEN,
    headTimeoutMs: read.OCTOPORTY_HEAD_TIMEOUT,
    sessionLifetimeMs: read.OCTOPORTY_SESSION_LIFETIME,
    sessionRenewMs: Math.round(read.OCTOPORTY_SESSION_LIFETIME * RENEW_AT),
    routeLeaseMs: read.OCTOPORTY_ROUTE_LEASE,
    caddy: caddyOf(read, sources),
    drainMs: DRAIN_MS,
    logLevel: read.OCTOPORTY_LOG_LEVEL,
  };
}

/** Throws ConfigError. */
export function loadAgentConfig(given: ConfigSources = {}, maps: readonly MapFlag[] = []): AgentConfig {
  const sources = withEnvironment(given);
  const read = parseVariables(agentSchema, sources);
  return {
    gatewayUrl: gatewayUrlOf(sources),
    proxyUrl: proxyOf(sources)?.url ?? null,
    authSecrets: secretsInOrder(read),
    dataDir: dataDirOf(sources),
    connectionString: read.OCTOPORTY_CONNECTION_STRING,
    uiHost: read.OCTOPORTY_UI_HOST,
    uiPort: read.OCTOPORTY_UI_PORT,
    uiUsername: read.OCTOPORTY_UI_USERNAME,
    uiPassword: read.OCTOPORTY_UI_PASSWORD,
    uiAllowedHosts: read.OCTOPORTY_UI_ALLOWED_HOSTS,
    agentName: read.OCTOPORTY_AGENT_NAME,
    statusToken: read.OCTOPORTY_STATUS_TOKEN,
    connectTimeoutMs: read.OCTOPORTY_CONNECT_TIMEOUT,
    allowedTargets: read.OCTOPORTY_ALLOWED_TARGETS,
    isRequestLogOn: read.OCTOPORTY_REQUEST_LOG,
    logRetentionMs: read.OCTOPORTY_LOG_RETENTION,
    logMaxRows: read.OCTOPORTY_LOG_MAX_ROWS,
    caFile: caFileOf(sources),
    maps,
    unmaps: [],
    drainMs: DRAIN_MS,
    logLevel: read.OCTOPORTY_LOG_LEVEL,
  };
}

/** For a program that is not ours: the environment without any setting, and so without any secret, of ours. */
export function foreignEnvironment(): Variables {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OCTOPORTY_')));
}

/** The flags with the environment of this process and the configuration file, whatever is wrong in that. Rejects with ConfigError. */
export async function readSources(flags: Variables, configFlag: string | undefined): Promise<ReadSources> {
  const environment = process.env;
  const byVariable = environment.OCTOPORTY_CONFIG_FILE;
  const named =
    configFlag !== undefined
      ? { path: configFlag, label: '--config' }
      : byVariable
        ? { path: byVariable, label: 'OCTOPORTY_CONFIG_FILE' }
        : null;
  return { flags, environment, file: await readConfigFile(named) };
}

export interface ReadSources extends ConfigSources {
  readonly file: ReadConfigFile | null;
}

/** Which of the two services is configured here; the gateway when none is. */
export function configuredService(given: ConfigSources = {}): Service {
  const sources = withEnvironment(given);
  const isAgent = ['OCTOPORTY_GATEWAY_URL', 'OCTOPORTY_UI_PORT'].some((name) => isConfigured(name, sources));
  return isAgent && !isConfigured('OCTOPORTY_LISTEN_PORT', sources) ? 'agent' : 'gateway';
}

/** Where a service of this machine answers; `null` asks for the service that is configured. */
export function loadHealthTarget(asked: Service | null, given: ConfigSources = {}): HealthTarget {
  const sources = withEnvironment(given);
  const service = asked ?? configuredService(sources);
  if (service === 'agent') {
    const read = parseVariables(schemaOf(AGENT_LISTEN_SETTINGS), sources);
    return { service, host: read.OCTOPORTY_UI_HOST, port: read.OCTOPORTY_UI_PORT };
  }
  const read = parseVariables(schemaOf(GATEWAY_LISTEN_SETTINGS), sources);
  return { service, host: read.OCTOPORTY_LISTEN_HOST, port: read.OCTOPORTY_LISTEN_PORT };
}

export type Service = 'gateway' | 'agent';

export interface HealthTarget {
  readonly service: Service;
  /** As the service listens: it may stand for every address. */
  readonly host: string;
  readonly port: number;
}

/** Where the agent of this machine keeps its mappings, whatever else is configured or missing. */
export function loadStorePlace(given: ConfigSources = {}): Pick<AgentConfig, 'dataDir' | 'connectionString'> {
  const read = parseVariables(schemaOf(STORE_SETTINGS), withEnvironment(given));
  return {
    dataDir: resolve(read.OCTOPORTY_DATA_DIR),
    connectionString: read.OCTOPORTY_CONNECTION_STRING,
  };
}

/** Whether the environment speaks of a service of its own; else what `octoporty up` keeps may be meant. */
export function isServiceConfigured(given: ConfigSources = {}): boolean {
  const sources = withEnvironment(given);
  return ['OCTOPORTY_AUTH_SECRET', 'OCTOPORTY_GATEWAY_URL'].some((name) => isConfigured(name, sources));
}

/** Every text in the configuration that no log may ever show. */
export function secretsOf(config: GatewayConfig | AgentConfig): string[] {
  const own =
    'gatewayUrl' in config
      ? [
          config.uiPassword,
          ...passwordsIn(config.connectionString ?? ''),
          ...passwordsIn(config.proxyUrl ?? ''),
        ]
      : [];
  return [...config.authSecrets, config.statusToken, ...own].filter((secret) => secret !== null);
}

/** The sources, the environment of this process among them unless another one is given. */
export function withEnvironment(given: ConfigSources): ConfigSources {
  return { environment: process.env, ...given };
}

function secretsInOrder(read: {
  OCTOPORTY_AUTH_SECRET: string;
  OCTOPORTY_AUTH_SECRET_PREVIOUS: string | null;
}): string[] {
  const { OCTOPORTY_AUTH_SECRET: current, OCTOPORTY_AUTH_SECRET_PREVIOUS: previous } = read;
  return previous === null || previous === current ? [current] : [current, previous];
}

function caddyOf(read: z.output<typeof gatewaySchema>, sources: ConfigSources): CaddyConfig | null {
  const adminUrl = caddyAdminUrlOf(sources);
  if (adminUrl === null) return null;
  return {
    adminUrl,
    upstream: read.OCTOPORTY_CADDY_UPSTREAM,
    portMap: new Map(),
    externalPorts: new Set([...USUAL_PORTS, ...read.OCTOPORTY_EXTERNAL_PORTS]),
    host: read.OCTOPORTY_CADDY_HOST,
    dnsServers: read.OCTOPORTY_DNS_SERVERS,
    logFile: read.OCTOPORTY_CADDY_LOG === null ? null : resolve(read.OCTOPORTY_CADDY_LOG),
  };
}
