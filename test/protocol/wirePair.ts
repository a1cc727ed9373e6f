// Wires in memory: one that records what a channel sends, and a pair that joins two channels through one queue.

import { Channel } from '../../protocol/channel.ts';
import { TunnelError, type ErrorCode } from '../../protocol/errors.ts';
import type { RequestHead } from '../../protocol/head.ts';
import type { Stream, StreamHandler } from '../../protocol/stream.ts';
import type { Wire } from '../../protocol/wire.ts';
import { decode, encodeAll, type Frame } from './frames.ts';
import { Loop } from './loop.ts';

/** The code a call fails with; anything that is not a TunnelError fails the test. */
export function codeOf(act: () => unknown): ErrorCode | 'no error' {
  try {
    act();
    return 'no error';
  } catch (error) {
    if (error instanceof TunnelError) return error.code;
    throw error;
  }
}

export interface Accepted {
  readonly stream: Stream;
  readonly head: RequestHead;
}

/** Writes down everything a stream tells its owner, and holds the chunks until `consumeAll`. */
export class Recorder implements StreamHandler {
  readonly calls: string[] = [];
  readonly held: Buffer[] = [];
  body = Buffer.alloc(0);
  onCall: (call: string) => void = () => {};

  onInform(head: { status: number }): void {
    this.note(`inform ${head.status}`);
  }
  onResponse(head: { status: number }, hasBody: boolean): void {
    this.note(`response ${head.status}${hasBody ? ' with body' : ''}`);
  }
  onData(chunk: Buffer): void {
    this.held.push(chunk);
    this.body = Buffer.concat([this.body, chunk]);
    this.note(`data ${chunk.length}`);
  }
  onEnd(trailers: readonly string[]): void {
    this.note(['end', ...trailers].join(' '));
  }
  onStop(): void {
    this.note('stop');
  }
  onWanted(): void {
    this.note('wanted');
  }
  onDrained(): void {
    this.note('drained');
  }
  onReset(code: ErrorCode): void {
    this.note(`reset ${code}`);
  }

  private note(call: string): void {
    this.calls.push(call);
    this.onCall(call);
  }
}

interface SentMessage {
  readonly message: Buffer;
  readonly onTaken: () => void;
}

/** Keeps every message until `take`: what the network has not taken counts as buffered. */
export class RecordingWire implements Wire {
  readonly untaken: SentMessage[] = [];
  /** Copies of all messages, made when they were sent. */
  readonly messages: Buffer[] = [];
  /** Counted as buffered on top of what was sent. */
  extraBufferedBytes = 0;
  onSent: () => void = () => {};
  private untakenBytes = 0;

  sendBinary(message: Buffer, onTaken: () => void): void {
    this.messages.push(Buffer.from(message));
    this.untaken.push({ message, onTaken });
    this.untakenBytes += message.length;
    this.onSent();
  }
  sendText(): void {
    throw new Error('a channel sends no text');
  }
  bufferedBytes(): number {
    return this.extraBufferedBytes + this.untakenBytes;
  }
  receivedBytes(): number {
    return 0;
  }
  close(): void {
    throw new Error('a channel does not close its wire');
  }
  terminate(): void {
    throw new Error('a channel does not terminate its wire');
  }

  /** The network takes the oldest message: its bytes as they are now. */
  take(): Buffer | undefined {
    const sent = this.untaken.shift();
    if (sent === undefined) return undefined;
    this.untakenBytes -= sent.message.length;
    const bytes = Buffer.from(sent.message);
    sent.onTaken();
    return bytes;
  }
}

/** One channel with a recording wire: the test plays the peer, frame by frame. */
export class LoneChannel {
  readonly loop = new Loop();
  readonly wire = new RecordingWire();
  readonly channel: Channel;
  readonly accepted: (Accepted & { readonly recorder: Recorder })[] = [];
  private read = 0;

  constructor(role: 'gateway' | 'agent', onAccept: (stream: Stream, recorder: Recorder) => void = () => {}) {
    const accept = (stream: Stream, head: RequestHead): StreamHandler => {
      const recorder = new Recorder();
      this.accepted.push({ stream, head, recorder });
      onAccept(stream, recorder);
      return recorder;
    };
    this.channel = new Channel({
      wire: this.wire,
      nowMs: () => this.loop.nowMs,
      schedule: (flush) => this.loop.schedule(flush),
      ...(role === 'agent' ? { accept } : {}),
    });
  }

  open(head: RequestHead): { stream: Stream; recorder: Recorder } {
    const recorder = new Recorder();
    return { stream: this.channel.open(head, () => recorder), recorder };
  }

  /** Opens a stream at the agent's side, as the gateway would. */
  admit(frame: Frame): { stream: Stream; recorder: Recorder } {
    this.receive(frame);
    const last = this.accepted.at(-1);
    if (last === undefined) throw new Error('nothing was accepted');
    return last;
  }

  receive(...frames: Frame[]): void {
    this.channel.receive(encodeAll(...frames));
  }

  /** Ends the tick: the frames that left with it. The network takes nothing. */
  tick(): Frame[] {
    this.loop.settle();
    const fresh = this.wire.messages.slice(this.read);
    this.read = this.wire.messages.length;
    return fresh.flatMap((message) => decode(message));
  }

  /** Ends ticks and lets the network take everything until nothing more comes. */
  drain(): Frame[] {
    const frames = this.tick();
    while (this.wire.untaken.length > 0) {
      while (this.wire.take() !== undefined);
      this.channel.onWireDrained();
      frames.push(...this.tick());
    }
    return frames;
  }
}

export interface LinkOptions {
  /** Each way, in milliseconds. */
  readonly delayMs?: number;
  readonly bytesPerMs?: number;
}

/** Two channels joined: messages are taken in turn at the link's rate and arrive after its delay. */
export class ChannelPair {
  readonly loop = new Loop();
  readonly gateway: Channel;
  readonly agent: Channel;
  readonly gatewayWire = new RecordingWire();
  readonly agentWire = new RecordingWire();

  constructor(accept: (stream: Stream, head: RequestHead) => StreamHandler, link: LinkOptions = {}) {
    const nowMs = () => this.loop.nowMs;
    const schedule = (flush: () => void) => this.loop.schedule(flush);
    this.gateway = new Channel({ wire: this.gatewayWire, nowMs, schedule });
    this.agent = new Channel({ wire: this.agentWire, nowMs, schedule, accept });
    this.join(this.gatewayWire, this.gateway, this.agent, link);
    this.join(this.agentWire, this.agent, this.gateway, link);
  }

  private join(wire: RecordingWire, sender: Channel, receiver: Channel, link: LinkOptions): void {
    let isBusy = false;
    const takeNext = () => {
      const next = wire.untaken[0];
      if (next === undefined) {
        isBusy = false;
        return;
      }
      isBusy = true;
      const takenMs = link.bytesPerMs === undefined ? 0 : next.message.length / link.bytesPerMs;
      this.loop.schedule(() => {
        const bytes = wire.take();
        if (bytes !== undefined) this.loop.schedule(() => receiver.receive(bytes), link.delayMs ?? 0);
        sender.onWireDrained();
        takeNext();
      }, takenMs);
    };
    wire.onSent = () => {
      if (!isBusy) takeNext();
    };
  }
}
