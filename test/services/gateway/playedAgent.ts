// Owns an agent played by hand on one wire of a gateway: what is said on it, message by message.

import { encodeControl, parseControl, type ControlMessage } from '../../../protocol/control.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { WireMapping } from '../../../protocol/mapping.ts';
import type { Wire, WireHandler } from '../../../protocol/wire.ts';
import type { SimulatedClock } from '../../simulation/simulatedClock.ts';

const AGENT_NONCE = 'a'.repeat(22);

export interface PlayedTerms {
  readonly agentId: string;
  readonly epoch: string;
  readonly secret: string;
}

export class PlayedAgent implements Wire {
  closed: ErrorCode | undefined;
  /** From now on the gateway's own side of the wire throws. */
  isBroken = false;
  private readonly clock: SimulatedClock;
  private readonly terms: PlayedTerms;
  private readonly heard: { atMs: number; message: ControlMessage }[] = [];
  private handler: WireHandler | undefined;
  private sentBytes = 0;

  constructor(
    clock: SimulatedClock,
    terms: PlayedTerms,
    accept: (open: (handler: WireHandler) => Wire) => void,
  ) {
    this.clock = clock;
    this.terms = terms;
    accept((handler) => {
      this.handler = handler;
      return this;
    });
  }

  /** What the gateway said of this type, the last time. */
  last<T extends ControlMessage['type']>(type: T): Extract<ControlMessage, { type: T }> | undefined {
    const of = (message: ControlMessage): message is Extract<ControlMessage, { type: T }> =>
      message.type === type;
    return this.heard.map(({ message }) => message).findLast(of);
  }

  /** All that it said of this type, with the moment of each in milliseconds. */
  all<T extends ControlMessage['type']>(
    type: T,
  ): (Extract<ControlMessage, { type: T }> & { atMs: number })[] {
    const of = (message: ControlMessage): message is Extract<ControlMessage, { type: T }> =>
      message.type === type;
    return this.heard.flatMap(({ atMs, message }) => (of(message) ? [{ ...message, atMs }] : []));
  }

  /** What the gateway said, by type and in order; what an actor of its own moved to is beside the point here. */
  types(): ControlMessage['type'][] {
    return this.heard.map(({ message }) => message.type).filter((type) => type !== 'gateway_status');
  }

  /** When it said that, in milliseconds. */
  lastMs(type: ControlMessage['type']): number | undefined {
    return this.heard.findLast(({ message }) => message.type === type)?.atMs;
  }

  say(message: ControlMessage): void {
    const text = encodeControl(message);
    this.sentBytes += text.length;
    this.handler?.onText(text);
  }

  /** Answers the gateway's hello. */
  auth({ secret = this.terms.secret, attempt = 1 } = {}): void {
    const hello = this.last('hello');
    const { agentId, epoch } = this.terms;
    const gatewayNonce = hello?.nonce ?? '';
    const claims = { agentId, epoch, slot: 0, attempt, gatewayNonce, agentNonce: AGENT_NONCE };
    const token = JSON.stringify({ secret, purpose: 'agent', wallMs: hello?.wallMs ?? 0, claims });
    const encoded = Buffer.from(token).toString('base64url');
    this.say({ type: 'auth', version: '1.2.3', nonce: AGENT_NONCE, token: encoded });
  }

  sync(revision: number, mappings: WireMapping[]): void {
    this.say({ type: 'config_sync', revision, mappings });
  }

  sendText(text: string): void {
    if (this.isBroken) throw new Error('a wire never throws');
    const message = parseControl(text);
    if (message !== undefined) this.heard.push({ atMs: this.clock.nowMs(), message });
  }

  /** A stream that the test opened: nobody answers it. */
  sendBinary(_message: Buffer, onTaken: () => void): void {
    this.clock.post(onTaken);
  }

  bufferedBytes(): number {
    return 0;
  }

  receivedBytes(): number {
    return this.sentBytes;
  }

  close(code: ErrorCode, detail = ''): void {
    if (this.closed !== undefined) return;
    this.closed = code;
    this.clock.post(() => {
      this.handler?.onClosed(code, detail);
    });
  }

  terminate(): void {
    this.close('wire_closed');
  }
}
