// What runs through Caddy for long, while a hundred mappings are edited: a WebSocket, events, an upload, and the tunnel itself.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { Http2Visitor } from '../support/http2Visitor.ts';
import { until } from '../support/rig.ts';
import { draftOf, edit, startCaddyWorld, untilApplied, untilQuiet, writesOf } from './caddyWorld.ts';
import type { Stage } from './stage.ts';
import { startOrigin } from './standingPair.ts';
import { check, inSeconds, note } from './verdict.ts';

const EDITS = 100;
const MEGABYTES = 1_000;

/** So that the edits are spread over more than one write. */
const EDIT_EVERY_MS = 25;
const ECHO_EVERY_MS = 20;

/** Writes that everything must have lived through. */
const LEAST_WRITES = 3;

const NAME = 'streams.example';

/** HTTP/1.1 for the WebSocket, HTTP/2 for the rest, all by TLS; the agent, too, dials Caddy. */
export async function streams(
  stage: Stage,
  { edits = EDITS, megabytes = MEGABYTES }: { edits?: number; megabytes?: number } = {},
): Promise<void> {
  const origin = await startOrigin(stage);
  const world = await startCaddyWorld(stage, { isTunnelThrough: true });
  const { api, caddy, gateway, ports } = world;
  await api.create(draftOf(NAME, origin.port));
  const others = [];
  for (let n = 0; n < edits; n += 1)
    others.push((await api.create(draftOf(`other-${n}.example`, origin.port))).mapping);
  await untilApplied(gateway, edits + 1);
  await until(`${NAME} is served`, async () => (await world.visitor().statusOf(NAME)) === 404);
  await untilQuiet(world);

  const before = { ...(await api.status()), writes: writesOf(caddy) };
  const target = { port: ports.https, root: readFileSync(caddy.rootFile), name: NAME };
  const visitors = { events: new Http2Visitor(target), upload: new Http2Visitor(target) };
  stage.atEnd(() => {
    for (const visitor of Object.values(visitors)) visitor.close();
  });
  const id = randomUUID();
  const socket = await world.visitor().webSocket(NAME, `/echo/${id}`);
  stage.atEnd(() => socket.terminate());
  const echoes = countEchoes(socket, id);
  const events = visitors.events.events();
  await until('all flows', () => echoes.seen > 0 && events.seen > 0);

  const startMs = performance.now();
  let writesMeanwhile: number | undefined;
  const uploading = faultOf(visitors.upload.upload(megabytes * 1_000_000)).finally(() => {
    note(`${megabytes} MB went up in ${inSeconds(performance.now() - startMs)}`);
    writesMeanwhile = writesOf(caddy) - before.writes;
  });
  let done = 0;
  for (const isEnough = () => done >= edits && writesMeanwhile !== undefined; !isEnough(); done += 1) {
    const mapping = others[done % edits];
    if (mapping === undefined) throw new Error('there is nothing to edit');
    const publicName = { externalDomain: `renamed-${done}.example` };
    await edit(api, mapping, done % 2 === 0 ? publicName : { internalPort: 1 + done });
    await delay(EDIT_EVERY_MS);
  }
  await untilQuiet(world);
  const last = { echoes: echoes.seen, events: events.seen };
  await until('all flows still', () => ended() || (echoes.seen > last.echoes && events.seen > last.events));
  function ended(): boolean {
    return echoes.fault !== null || events.fault !== null;
  }

  const writes = writesOf(caddy) - before.writes;
  check(
    `${done} edits of ${edits} mappings became ${writes} writes to Caddy, ${writesMeanwhile ?? 0} of them during the upload`,
    writes >= LEAST_WRITES,
  );
  const uploadFault = await uploading;
  check(`the upload ${uploadFault ?? 'arrived as it was sent'}`, uploadFault === null);
  check(
    `${echoes.seen} echoes on one WebSocket: ${echoes.fault ?? 'no fault, and it is open'}`,
    echoes.fault === null && socket.readyState === socket.OPEN,
  );
  check(
    `${events.seen} events in one stream: ${events.fault ?? 'no gap, and it is open'}`,
    events.fault === null,
  );
  const after = await api.status();
  check(
    `the tunnel through Caddy, dialled ${after.attempt - before.attempt} times meanwhile`,
    after.attempt === before.attempt && after.since === before.since,
  );
  events.stop();
}

/** What went wrong; null: nothing did. */
function faultOf(uploading: Promise<boolean>): Promise<string | null> {
  return uploading.then(
    (isSame) => (isSame ? null : 'arrived with other bytes'),
    (error: unknown) => `failed: ${String(error)}`,
  );
}

/** Sends message after message, each once the one before has come back. */
function countEchoes(socket: WebSocket, id: string): { seen: number; fault: string | null } {
  const count: { seen: number; fault: string | null } = { seen: 0, fault: null };
  const send = () => {
    if (socket.readyState === socket.OPEN) socket.send(`message ${count.seen}`);
  };
  socket.on('message', (data: Buffer) => {
    if (data.toString() !== `${id}|message ${count.seen}`) count.fault ??= `"${data.toString()}" came back`;
    count.seen += 1;
    setTimeout(send, ECHO_EVERY_MS);
  });
  socket.on('close', (code) => (count.fault ??= `it was closed with ${code}`));
  socket.on('error', (error) => (count.fault ??= error.message));
  send();
  return count;
}
