// Releases that differ: today's agent with a recorded gateway, and today's gateway with a recorded agent, as they were and
// as a newer minor could be; and what is said across a major.

import { on, once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { parseMapFlags } from '../../services/config/mapFlag.ts';
import type { Variables } from '../../services/config/variables.ts';
import { loadAgentConfig, loadGatewayConfig } from '../../services/config.ts';
import { startAgent, type RunningAgent } from '../../services/agent/main.ts';
import { startGateway, type RunningGateway } from '../../services/gateway/main.ts';
import { createLog } from '../../services/log.ts';
import { createSteadyOrigin, DOMAIN, visit } from '../protocol/fixtures/exchanges.ts';
import { loadRecording, type Recording } from '../protocol/fixtures/recording.ts';
import { decode, type Frame } from '../protocol/frames.ts';
import { tempDir } from '../services/spawned.ts';
import { close, listen } from '../support/httpOrigin.ts';
import { bodyOf, playWire } from '../support/playedWire.ts';
import { SECRET, until } from '../support/rig.ts';

const RECORDINGS = ['0.1.0-early.json', '0.1.0.json'].map(loadRecording);

/** As it was, and as a newer minor could be: with messages and fields that nobody knows here. */
const MINORS = [
  (text: string) => [text],
  (text: string) => ['{"type":"praise","of":"folly"}', text.replace(/\}$/, ',"added":{"later":true}}')],
];

const connectionSchema = z.tuple([z.instanceof(WebSocket)]).rest(z.unknown());

const log = createLog({ level: 'silent', secrets: [] });

it('today’s agent serves visitors through each recorded gateway, as it was and as a newer minor', async () => {
  const server = await listeningServer();
  // One agent for all: it dials anew when a wire has been played to its end.
  const dialled = on(server, 'connection');
  const agent = await startHere(portOf(server));
  for (const recording of RECORDINGS) {
    for (const dress of MINORS) {
      const { value } = await dialled.next();
      const [socket] = connectionSchema.parse(value);
      const { heard, done } = playWire(socket, 'gateway', recording, dress);
      await done;
      expect(answersIn(heard.frames)).toEqual(answersIn(framesOf(recording, 'agent')));
      expect(heard.texts.filter(({ type }) => type === 'auth')).toHaveLength(2);
      socket.close();
    }
  }
  await agent.online;
});

it('today’s gateway serves visitors through each recorded agent, as it was and as a newer minor', async () => {
  // Beside each other: each waits until it is asked to prove itself once more.
  const plays = RECORDINGS.flatMap((recording) => MINORS.map((dress) => answerVisitors(recording, dress)));
  await Promise.all(plays);
});

it('an agent of another major is refused with words, unless it speaks ours too', async () => {
  const gateway = await startGatewayHere();
  const url = `ws://127.0.0.1:${gateway.port}/tunnel`;
  const newer = new WebSocket(url, ['octoporty.v2']);
  newer.on('error', () => {});
  const words = new Promise<string>((resolve) => {
    newer.on('unexpected-response', (_request, response) => {
      response.on('data', (data: Buffer) => resolve(`${response.statusCode} ${data.toString()}`));
    });
  });
  expect(await words).toContain('This gateway speaks octoporty.v1: bring both sides to the same release.');
  expect(await words).toMatch(/^426 /);
  newer.terminate();
  const both = new WebSocket(url, ['octoporty.v2', 'octoporty.v1']);
  await once(both, 'open');
  expect(both.protocol).toBe('octoporty.v1');
  both.terminate();
  await once(both, 'close');
});

async function answerVisitors(
  recording: Recording,
  dress: (text: string) => readonly string[],
): Promise<void> {
  const gateway = await startGatewayHere({ OCTOPORTY_SESSION_LIFETIME: '2s' });
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/tunnel`, ['octoporty.v1']);
  const closed = once(socket, 'close');
  const { heard, done } = playWire(socket, 'agent', recording, dress);
  await until('the tunnel is online', () => heard.texts.some(({ type }) => type === 'config_ack'));
  expect(await visit(gateway.port)).toEqual(recording.visitors);
  await done;
  expect(requestsIn(heard.frames)).toEqual(requestsIn(framesOf(recording, 'gateway')));
  await closed;
}

async function startGatewayHere(more: Variables = {}): Promise<RunningGateway> {
  const environment = {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_LISTEN_HOST: '127.0.0.1',
    OCTOPORTY_LISTEN_PORT: '0',
    ...more,
  };
  const gateway = await startGateway({ config: { ...loadGatewayConfig({ environment }), drainMs: 0 }, log });
  onTestFinished(() => gateway.stop());
  return gateway;
}

/** An agent of today that dials this port, with the origin that was there when the wire was recorded. */
async function startHere(gatewayPort: number): Promise<RunningAgent> {
  const origin = createSteadyOrigin();
  const environment = {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_GATEWAY_URL: `ws://127.0.0.1:${gatewayPort}`,
    OCTOPORTY_UI_PASSWORD: 'a password for tests',
    OCTOPORTY_UI_PORT: '0',
    OCTOPORTY_DATA_DIR: tempDir(),
  };
  const maps = parseMapFlags([`${DOMAIN}=http://127.0.0.1:${await listen(origin)}`]);
  const config = { ...loadAgentConfig({ environment }, maps), drainMs: 0 };
  const agent = await startAgent({ config, log });
  onTestFinished(async () => {
    await agent.stop();
    await close(origin);
  });
  return agent;
}

async function listeningServer(): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  return server;
}

function portOf(server: WebSocketServer): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

function framesOf({ messages }: Recording, from: 'agent' | 'gateway'): Frame[] {
  return messages.flatMap((message) =>
    'hex' in message && message.from === from ? decode(Buffer.from(message.hex, 'hex')) : [],
  );
}

/** Each stream's head, body and trailers. */
function answersIn(frames: readonly Frame[]): unknown[] {
  const heads = frames.flatMap((frame) => (frame.type === 'response' ? [frame] : []));
  return heads.map(({ id, head, hasBody }) => ({
    id,
    head,
    hasBody,
    body: bodyOf(frames, id).toString(),
    ends: frames.flatMap((frame) => (frame.type === 'end' && frame.id === id ? [frame.trailers] : [])),
  }));
}

/** Each stream's request, without what differs from visitor to visitor. */
function requestsIn(frames: readonly Frame[]): unknown[] {
  const heads = frames.flatMap((frame) => (frame.type === 'request' ? [frame] : []));
  return heads.map(({ id, head, windows }) => ({
    id,
    windows,
    head: { ...head, requestId: '', headers: head.headers.slice(0, 2) },
    body: bodyOf(frames, id).toString(),
    ends: frames.flatMap((frame) => (frame.type === 'end' && frame.id === id ? [frame.trailers] : [])),
  }));
}
