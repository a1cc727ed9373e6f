// One end of a simulated wire: the Wire port over two pipes, with the closing manners of a WebSocket.

import type { ErrorCode } from '../../protocol/errors.ts';
import type { Wire, WireHandler } from '../../protocol/wire.ts';
import type { SimPipe, Parcel } from './simPipe.ts';
import type { SimProcess } from './simProcess.ts';
import { closeCodeOf, errorOfCloseCode } from '../../protocol/errors.ts';

/** As the real one: how long a closing handshake may take. */
const CLOSE_TIMEOUT_MS = 2_000;

type WireState = 'opening' | 'open' | 'closing' | 'closed';

export class SimWire implements Wire {
  readonly owner: SimProcess;
  readonly handler: WireHandler & { onOpened?: () => void };
  /** Set once the other end exists. */
  out: SimPipe | undefined;
  private readonly onEnding: (code: ErrorCode, detail: string) => void;
  private readonly onText: (how: 'said' | 'heard', text: string) => void;
  private readonly onOver: () => void;
  private current: WireState;
  private received = 0;
  private isKnownOver = false;
  private ending: { code: ErrorCode; detail: string } | undefined;
  private cancelTimeout: (() => void) | undefined;

  constructor(
    owner: SimProcess,
    handler: WireHandler & { onOpened?: () => void },
    state: 'opening' | 'open',
    watch: {
      onEnding: (code: ErrorCode, detail: string) => void;
      onOver: () => void;
      onText?: (how: 'said' | 'heard', text: string) => void;
    },
  ) {
    this.owner = owner;
    this.handler = handler;
    this.current = state;
    this.onEnding = watch.onEnding;
    this.onOver = watch.onOver;
    this.onText = watch.onText ?? ignore;
  }

  get state(): WireState {
    return this.current;
  }

  /** Its owner has ended it, or has been told that it ended. */
  get isOverForOwner(): boolean {
    return this.isKnownOver;
  }

  sendBinary(message: Buffer, onTaken: () => void): void {
    if (this.current === 'open') this.out?.send({ kind: 'binary', message, onTaken });
    else this.tellTaken(onTaken);
  }

  sendText(text: string): void {
    if (this.current !== 'open') return;
    this.onText('said', text);
    this.out?.send({ kind: 'text', text });
  }

  bufferedBytes(): number {
    return this.out?.bufferedBytes ?? 0;
  }

  receivedBytes(): number {
    return this.received;
  }

  close(code: ErrorCode, detail = ''): void {
    this.isKnownOver = true;
    if (this.ending !== undefined || this.current === 'closed') return;
    this.ending = { code, detail };
    this.onEnding(code, detail);
    if (this.current === 'opening') {
      this.drop('wire_closed', '');
      return;
    }
    if (this.current === 'closing') return;
    this.current = 'closing';
    this.out?.send({ kind: 'close', code: closeCodeOf(code), reason: code });
    this.cancelTimeout = this.owner.after(CLOSE_TIMEOUT_MS, 'close timeout', () => {
      this.drop('wire_closed', '');
    });
  }

  terminate(): void {
    this.isKnownOver = true;
    this.drop('wire_closed', '');
  }

  tellTaken(onTaken: () => void): void {
    this.owner.after(0, 'taken', () => {
      onTaken();
      this.handler.onDrained();
    });
  }

  /** The connection ends under this end, without a word of the peer. */
  drop(code: ErrorCode, detail: string): void {
    if (this.current === 'closed') return;
    this.out?.dropWaiting();
    this.out?.send({ kind: 'gone' });
    this.finish(code, detail);
  }

  /** Its process died: nobody here is told, and the peer only if the machine still says so. */
  abandon(isHalfOpen: boolean): void {
    if (this.current === 'closed') return;
    this.out?.dropWaiting();
    if (isHalfOpen) this.out?.change('deaf');
    else this.out?.send({ kind: 'gone' });
    this.current = 'closed';
    this.onOver();
  }

  deliver(parcel: Parcel): void {
    if (this.current === 'closed' || !this.owner.isAlive) return;
    switch (parcel.kind) {
      case 'open':
        if (this.current !== 'opening') return;
        this.current = 'open';
        this.handler.onOpened?.();
        return;
      case 'binary':
        this.received += parcel.message.length;
        this.handler.onBinary(parcel.message);
        return;
      case 'text':
        this.received += parcel.text.length;
        this.onText('heard', parcel.text);
        this.handler.onText(parcel.text);
        return;
      case 'close':
        this.out?.dropWaiting();
        this.out?.send({ kind: 'gone' });
        this.finish(errorOfCloseCode(parcel.code), parcel.reason);
        return;
      case 'gone':
        this.finish('wire_closed', '');
    }
  }

  /** What we said ourselves is what the owner hears. */
  private finish(code: ErrorCode, detail: string): void {
    const said = this.ending ?? { code, detail };
    this.current = 'closed';
    this.cancelTimeout?.();
    this.owner.after(0, `closed ${said.code}`, () => {
      this.isKnownOver = true;
      this.handler.onClosed(said.code, said.detail);
    });
    this.onOver();
  }
}

function ignore(): void {}
