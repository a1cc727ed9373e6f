// Owns the gateway's own settings.

import { SESSION_LIFETIME_MS } from '../../machines/session.ts';
import { dnsServersValue, hostNameValue, hostValue, listenHostValue, upstreamValue } from './hostValues.ts';
import { optional, withDefault } from './setting.ts';
import { textValue } from './textValues.ts';
import { cidrsValue, durationValue, portsValue, portValue } from './values.ts';

/** Lowered: a session ends while its new proof is on the way, and no tunnel stays online. */
const MIN_SESSION_LIFETIME_MS = 500;

const LOOPBACK_CIDRS = '127.0.0.0/8,::1/128';

/** Where the gateway listens; all that `octoporty health` needs to know of it. */
export const GATEWAY_LISTEN_SETTINGS = {
  OCTOPORTY_LISTEN_HOST: withDefault(listenHostValue(), '0.0.0.0', {
    means: 'The address that visitors and agents reach; behind a Caddy on this machine `127.0.0.1`.',
    takes: 'host',
    example: '127.0.0.1',
  }),
  OCTOPORTY_LISTEN_PORT: withDefault(portValue(), '5000', {
    means: 'The port that visitors and agents reach, through Caddy or directly.',
    takes: 'port',
    example: '8080',
  }),
};

export const GATEWAY_SETTINGS = {
  ...GATEWAY_LISTEN_SETTINGS,
  OCTOPORTY_GATEWAY_HOST: optional(hostNameValue(), {
    means: "The gateway's own public name, which agents dial and no mapping may take.",
    takes: 'host',
    example: 'tunnel.example.com',
    unset: 'required with Caddy',
  }),
  OCTOPORTY_TRUSTED_PROXIES: withDefault(cidrsValue(), LOOPBACK_CIDRS, {
    means: 'Whose `X-Forwarded-*` lines are believed; an empty list means nobody.',
    takes: 'cidrs',
    example: '10.0.0.0/8,fd00::/8',
  }),
  OCTOPORTY_HEAD_TIMEOUT: withDefault(durationValue(), '60s', {
    means: 'How long a service may take to begin its answer, from the last byte of the request.',
    takes: 'time',
    example: '5m',
  }),
  OCTOPORTY_ROUTE_LEASE: withDefault(durationValue(), '24h', {
    means: 'How long visitors of a lost tunnel hear 503 rather than 404, and its routes stay in Caddy.',
    takes: 'time',
    example: '7d',
  }),
  OCTOPORTY_SESSION_LIFETIME: withDefault(
    durationValue(MIN_SESSION_LIFETIME_MS),
    `${SESSION_LIFETIME_MS / 60_000}m`,
    {
      means:
        'How long a tunnel goes on without a new proof of the secret; it is asked for one at two thirds.',
      takes: 'time',
      example: '5m',
    },
  ),
  OCTOPORTY_CADDY_ADMIN_URL: optional(textValue(), {
    means:
      "Caddy's admin API, a URL or `unix:/path`; in plain HTTP beyond this machine only with `allowInsecure`.",
    takes: 'url',
    example: 'http://localhost:2019',
    unset: 'visitors reach the gateway directly',
  }),
  OCTOPORTY_CADDY_UPSTREAM: optional(upstreamValue(), {
    means: 'Where Caddy finds the gateway, with its port.',
    takes: 'host',
    example: 'gateway:5000',
    unset: '`localhost:<listenPort>`',
  }),
  OCTOPORTY_CADDY_HOST: withDefault(hostValue(), 'localhost', {
    means: "Where Caddy's listeners are reached from the gateway, to look at the certificates visitors get.",
    takes: 'host',
    example: 'caddy',
  }),
  OCTOPORTY_CADDY_LOG: optional(textValue(), {
    means:
      "Caddy's log, a file of JSON lines that the gateway may read: it says why a certificate was not issued.",
    takes: 'path',
    example: '/var/log/caddy/caddy.log',
    unset: 'the gateway tells only what it sees itself',
  }),
  OCTOPORTY_DNS_SERVERS: withDefault(dnsServersValue(), '', {
    means: 'Who is asked where published names lead while they have no certificate.',
    takes: 'servers',
    example: '1.1.1.1,[2606:4700:4700::1111]:53',
    unset: 'the name servers of the system',
  }),
  OCTOPORTY_EXTERNAL_PORTS: withDefault(portsValue(), '', {
    means: 'External ports that mappings may have behind Caddy, besides 443 and 80.',
    takes: 'ports',
    example: '8443,9000',
    unset: 'no others',
  }),
};
