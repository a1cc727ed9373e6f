// One end of a recorded wire, played to a live peer: in the recorded order, and only when the peer has come as far.

import { hkdfSync } from 'node:crypto';
import { SignJWT, decodeJwt } from 'jose';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { decode, type Frame } from '../protocol/frames.ts';
import type { Recorded, Recording } from '../protocol/fixtures/recording.ts';
import { SECRET, until } from './rig.ts';

export type End = Recorded['from'];

/** What the live peer has said so far. */
export interface Heard {
  readonly texts: readonly Text[];
  readonly frames: readonly Frame[];
}

export interface Played {
  readonly heard: Heard;
  /** Everything has been said and heard, up to where the peer leaves by itself. */
  readonly done: Promise<void>;
}

/** A control message as JSON; the fields that must fit the live peer. */
const textSchema = z.looseObject({
  type: z.string(),
  nonce: z.string().optional(),
  wallMs: z.number().optional(),
  revision: z.number().optional(),
  version: z.string().optional(),
  token: z.string().optional(),
  ok: z.boolean().optional(),
  mappings: z.array(z.looseObject({ id: z.uuid() })).optional(),
});
type Text = z.output<typeof textSchema>;

/** Beside the order of things: a peer may say these or not, and when it likes. */
const FREE = new Set(['heartbeat', 'heartbeat_ack', 'gateway_status', 'route_status']);

/** `dress` may add to every control message what a newer minor would say. */
export function playWire(
  socket: WebSocket,
  end: End,
  { messages }: Recording,
  dress: (text: string) => readonly string[] = (text) => [text],
): Played {
  const texts: Text[] = [];
  const frames: Frame[] = [];
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) frames.push(...decode(data));
    else texts.push(textSchema.parse(JSON.parse(data.toString())));
    const last = isBinary ? undefined : texts.at(-1);
    if (last?.type === 'heartbeat') socket.send(JSON.stringify({ ...last, type: 'heartbeat_ack' }));
  });
  const heard = { texts, frames };
  return { heard, done: play() };

  async function play(): Promise<void> {
    /** What the recorded peer has said up to here. */
    const peerTexts: Text[] = [];
    const peerFrames: Frame[] = [];
    const own: Text[] = [];
    for (const message of messages) {
      if (message.from !== end) {
        if ('hex' in message) peerFrames.push(...decode(Buffer.from(message.hex, 'hex')));
        else peerTexts.push(textSchema.parse(JSON.parse(message.text)));
        if (peerTexts.at(-1)?.type === 'goaway') return;
        await until(`the peer says ${JSON.stringify(message).slice(0, 80)}`, () =>
          isAsFar(heard, { texts: peerTexts, frames: peerFrames }),
        );
      } else if ('hex' in message) {
        const [recorded, live] = [
          idIn(end === 'agent' ? own : peerTexts),
          idIn(end === 'agent' ? own : texts),
        ];
        socket.send(Buffer.from(message.hex.replaceAll(recorded, live), 'hex'));
      } else {
        const text = textSchema.parse(JSON.parse(message.text));
        own.push(text);
        if (text.type === 'heartbeat_ack') continue;
        const fitting = JSON.stringify(await fit(text, own, texts));
        for (const each of dress(fitting)) socket.send(each);
      }
    }
  }
}

/** The peer has said each thing that it has to say, as often; of bodies as many bytes. */
function isAsFar(heard: Heard, recorded: Heard): boolean {
  const types = new Set(recorded.texts.map(({ type }) => type).filter((type) => !FREE.has(type)));
  const marks = marksOf(heard.frames);
  return (
    [...types].every((type) => countOf(heard.texts, type) >= countOf(recorded.texts, type)) &&
    marksOf(recorded.frames).every((mark) => marks.includes(mark)) &&
    recorded.frames.every(
      (frame) =>
        frame.type !== 'data' ||
        bodyOf(heard.frames, frame.id).length >= bodyOf(recorded.frames, frame.id).length,
    )
  );
}

function countOf(texts: readonly Text[], wanted: string): number {
  return texts.filter(({ type }) => type === wanted).length;
}

/** The heads and ends of streams. */
function marksOf(frames: readonly Frame[]): string[] {
  return frames.flatMap((frame) =>
    frame.type === 'request' || frame.type === 'response' || frame.type === 'end'
      ? [`${frame.type} ${frame.id}`]
      : [],
  );
}

export function bodyOf(frames: readonly Frame[], id: number): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => (frame.type === 'data' && frame.id === id ? frame.payload : [])),
  );
}

/** What is bound to the moment is made anew; all else is as it was recorded. */
async function fit(text: Text, own: readonly Text[], live: readonly Text[]): Promise<Text> {
  const last = (texts: readonly Text[], ...types: string[]) =>
    texts.findLast(({ type }) => types.includes(type));
  if (text.type === 'auth') {
    const asked = last(live, 'hello', 'challenge');
    const claims = { ...decodeJwt(text.token ?? ''), gatewayNonce: asked?.nonce };
    return { ...text, token: await sign('octoporty.v1 agent token', claims, asked?.wallMs) };
  }
  if (text.type === 'auth_result' && text.ok === true) {
    const asked = last(own, 'hello', 'challenge');
    const claims = {
      gatewayNonce: asked?.nonce,
      agentNonce: last(live, 'auth')?.nonce,
      version: last(own, 'hello')?.version,
    };
    return { ...text, proof: await sign('octoporty.v1 gateway proof', claims, asked?.wallMs) };
  }
  if (text.type === 'config_ack') return { ...text, revision: last(live, 'config_sync')?.revision };
  return text;
}

/** As protocol/README.md has it, without our own code. */
function sign(purpose: string, claims: Record<string, unknown>, wallMs = 0): Promise<string> {
  const key = new Uint8Array(hkdfSync('sha256', SECRET, '', purpose, 32));
  const seconds = Math.floor(wallMs / 1000);
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' });
  return jwt
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 60)
    .sign(key);
}

/** The bytes of the first mapping's id. */
function idIn(texts: readonly Text[]): string {
  const id = texts.find(({ type }) => type === 'config_sync')?.mappings?.[0]?.id;
  if (id === undefined) throw new Error('no mapping was published');
  return id.replaceAll('-', '');
}
