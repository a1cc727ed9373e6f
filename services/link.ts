// One wire as its machine sees it: control messages become events, streams run in a channel once they are served.

import type { ScheduleFlush, Wire, WireHandler } from '../protocol/wire.ts';
import type { Clock } from '../machines/clock.ts';
import { controlEvent, type Link, type LinkEvent } from '../machines/link.ts';
import { Channel, type ChannelOptions } from '../protocol/channel.ts';
import { encodeControl, parseControl } from '../protocol/control.ts';
import { TunnelError, toTunnelError, type ErrorCode } from '../protocol/errors.ts';
import { CONTROLS_PER_SECOND, CONTROL_BURST } from '../protocol/limits.ts';
import { createRateLimit } from '../protocol/rateLimit.ts';

export interface LinkOptions {
  readonly clock: Clock;
  readonly schedule: ScheduleFlush;
  /** The machine that decides about this wire. */
  readonly report: (event: LinkEvent) => void;
  /** The agent's side: answers the streams that the gateway opens. */
  readonly accept?: NonNullable<ChannelOptions['accept']>;
}

/** A link with its channel, which exists from `serve` on. */
export class WireLink implements Link, WireHandler {
  private readonly options: LinkOptions;
  private readonly wire: Wire;
  private readonly controlLimit = createRateLimit(CONTROLS_PER_SECOND, CONTROL_BURST);
  private served: Channel | undefined;

  /** `open` gives the wire its handler: us. */
  constructor(options: LinkOptions, open: (handler: WireHandler & { onOpened(): void }) => Wire) {
    this.options = options;
    this.wire = open(this);
  }

  /** The channel of a wire that serves; undefined before and after. */
  get channel(): Channel | undefined {
    return this.served;
  }

  // What the machine asks (Link).

  send(message: Parameters<Link['send']>[0]): void {
    this.wire.sendText(encodeControl(message));
  }

  close(code: ErrorCode, detail: string): void {
    this.endStreams();
    this.wire.close(code, detail);
  }

  terminate(code: ErrorCode): void {
    this.endStreams();
    this.wire.close(code);
    this.wire.terminate();
  }

  receivedBytes(): number {
    return this.wire.receivedBytes();
  }

  nowMs(): number {
    return this.options.clock.nowMs();
  }

  serve(): void {
    const { clock, schedule, accept } = this.options;
    this.served = new Channel({
      wire: this.wire,
      nowMs: () => clock.nowMs(),
      schedule,
      ...(accept === undefined ? {} : { accept }),
    });
  }

  drain(reason: ErrorCode, retryAfterMs: number): void {
    this.send({ type: 'goaway', reason, lastStreamId: this.served?.highestStreamId ?? 0, retryAfterMs });
  }

  finish(): void {
    this.served?.drain(() => {
      this.options.report({ type: 'link.idle' });
    });
  }

  // What the wire tells (WireHandler).

  onOpened(): void {
    this.options.report({ type: 'link.opened' });
  }

  onText(text: string): void {
    this.guard(() => {
      if (!this.controlLimit.take(this.options.clock.nowMs())) throw new TunnelError('control_flood');
      const message = parseControl(text);
      if (message !== undefined) this.options.report(controlEvent(message));
    });
  }

  onBinary(message: Buffer): void {
    this.guard(() => {
      if (this.served === undefined)
        throw new TunnelError('protocol_error', 'frames before the tunnel is online');
      this.served.receive(message);
    });
  }

  onDrained(): void {
    this.served?.onWireDrained();
  }

  onClosed(code: ErrorCode, detail: string): void {
    this.endStreams();
    this.options.report({ type: 'link.closed', code, detail });
  }

  /** Every stream of a wire that ends is lost, whatever ended the wire. */
  private endStreams(): void {
    this.served?.close('tunnel_lost');
  }

  private guard(read: () => void): void {
    try {
      read();
    } catch (thrown) {
      const error = toTunnelError(thrown);
      this.options.report({ type: 'link.broken', code: error.code, detail: error.message });
    }
  }
}
