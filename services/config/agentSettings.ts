// Owns the agent's own settings.

import { hostname } from 'node:os';
import { hostsValue, listenHostValue } from './hostValues.ts';
import { optional, required, withDefault } from './setting.ts';
import { longTextValue, passwordValue, textValue } from './textValues.ts';
import { booleanValue, cidrsValue, countValue, durationValue, portValue } from './values.ts';

/** Where the agent listens; all that `octoporty health` needs to know of it. */
export const AGENT_LISTEN_SETTINGS = {
  OCTOPORTY_UI_HOST: withDefault(listenHostValue(), '127.0.0.1', {
    means: 'The address of the dashboard and its API.',
    takes: 'host',
    example: '0.0.0.0',
  }),
  OCTOPORTY_UI_PORT: withDefault(portValue(), '5080', {
    means: 'The port of the dashboard and its API.',
    takes: 'port',
    example: '8081',
  }),
};

/** Where the agent keeps its mappings, whatever else is configured or missing. */
export const STORE_SETTINGS = {
  OCTOPORTY_DATA_DIR: withDefault(textValue(), 'data', {
    means: "The folder of mappings, logs, logins and the agent's id; one agent to a folder.",
    takes: 'path',
    example: '/var/lib/octoporty',
  }),
  OCTOPORTY_CONNECTION_STRING: optional(longTextValue(), {
    means:
      'The database: `sqlite:<path>`, `mssql://user:password@host:1433/database`, or `Server=…;Database=…;User Id=…;Password=…`.',
    takes: 'secret',
    example: 'sqlite:/var/lib/octoporty/octoporty.sqlite',
    unset: 'SQLite in the data folder',
  }),
};

export const AGENT_SETTINGS = {
  ...AGENT_LISTEN_SETTINGS,
  ...STORE_SETTINGS,
  OCTOPORTY_GATEWAY_URL: optional(textValue(), {
    means: 'Where the gateway is dialled; `ws://` only to this machine, or with `allowInsecure`.',
    takes: 'url',
    example: 'wss://tunnel.example.com',
    unset: 'required',
  }),
  OCTOPORTY_CA_FILE: optional(textValue(), {
    means:
      'The private certificate authorities to trust for the gateway, instead of the usual ones: one file in PEM.',
    takes: 'path',
    example: '/etc/octoporty/ca.pem',
    unset: 'the usual authorities alone',
  }),
  OCTOPORTY_UI_USERNAME: withDefault(textValue(), 'admin', {
    means: 'Who logs in to the dashboard.',
    takes: 'text',
    example: 'operator',
  }),
  OCTOPORTY_UI_PASSWORD: required(passwordValue(), {
    means: 'The password of the dashboard.',
    takes: 'secret',
    example: 'correct horse battery staple',
  }),
  OCTOPORTY_UI_ALLOWED_HOSTS: withDefault(hostsValue(), '', {
    means: 'More host names under which the dashboard may be asked for.',
    takes: 'hosts',
    example: 'octoporty.home.example,nas.local',
    unset: 'addresses and `localhost` alone',
  }),
  OCTOPORTY_AGENT_NAME: withDefault(textValue(), hostname, {
    means: 'What this agent is called in the dashboard.',
    takes: 'text',
    example: 'attic',
    unset: "this machine's host name",
  }),
  OCTOPORTY_CONNECT_TIMEOUT: withDefault(durationValue(), '10s', {
    means: 'How long a service may take to accept a connection.',
    takes: 'time',
    example: '3s',
  }),
  OCTOPORTY_ALLOWED_TARGETS: withDefault(cidrsValue(), '', {
    means: 'Addresses that are allowed as targets though they are link-local or cloud metadata.',
    takes: 'cidrs',
    example: '169.254.10.0/24',
    unset: 'none of them',
  }),
  OCTOPORTY_REQUEST_LOG: withDefault(booleanValue(), 'true', {
    means: 'Whether requests are noted; tunnels are in any case.',
    takes: 'boolean',
    example: 'false',
  }),
  OCTOPORTY_LOG_RETENTION: withDefault(durationValue(), '7d', {
    means: 'How long the rows of the request log stay; those of the tunnels stay 90 days.',
    takes: 'time',
    example: '24h',
  }),
  OCTOPORTY_LOG_MAX_ROWS: withDefault(countValue(), '100000', {
    means: 'How many rows the request log keeps; of the tunnels 10000.',
    takes: 'count',
    example: '1000000',
  }),
};
