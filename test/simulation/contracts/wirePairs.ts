// Two ends of a wire, simulated or over loopback, with all that each has heard.

import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { Wire, WireHandler } from '../../../protocol/wire.ts';
import { WIRE_OPTIONS, wireOf } from '../../../services/wire.ts';
import { SimPath } from '../simNetwork.ts';
import { SimProcess } from '../simProcess.ts';
import { SimulatedClock } from '../simulatedClock.ts';
import { Trace } from '../trace.ts';

export class Heard implements WireHandler {
  readonly messages: (Buffer | string)[] = [];
  readonly closed: { code: ErrorCode; detail: string }[] = [];
  drained = 0;

  onOpened(): void {}

  onBinary(message: Buffer): void {
    this.messages.push(Buffer.from(message));
  }

  onText(message: string): void {
    this.messages.push(message);
  }

  onDrained(): void {
    this.drained += 1;
  }

  onClosed(code: ErrorCode, detail: string): void {
    this.closed.push({ code, detail });
  }
}

export interface WirePairOfTwo {
  readonly near: Wire;
  readonly far: Wire;
  readonly heardNear: Heard;
  readonly heardFar: Heard;
  /** Resolves once `condition` holds; rejects when it never does. */
  until(condition: () => boolean): Promise<void>;
  end(): void;
}

export async function simulatedPair(): Promise<WirePairOfTwo> {
  const clock = new SimulatedClock();
  const trace = new Trace(clock);
  const processOf = (name: string) => new SimProcess(clock, trace, { name, seed: 1, bootMs: 0, skewMs: 0 });
  const heardNear = new Heard();
  const heardFar = new Heard();
  const far: Wire[] = [];
  const path = new SimPath({
    name: 'path',
    line: { latencyMs: 3, jitterMs: 1, bytesPerMs: 50_000, kernelBytes: 65_536, regroups: false },
    clock,
    trace,
    seed: 1,
    findGateway: () => ({
      process: processOf('far'),
      accept: (_address, open) => {
        far.push(open(heardFar));
      },
    }),
    onEnding: () => undefined,
  });
  const near = path.dialerOf(processOf('near')).dial(heardNear);
  clock.runFor(100);
  const [accepted] = far;
  if (accepted === undefined) throw new Error('the dial was not accepted');
  return {
    near,
    far: accepted,
    heardNear,
    heardFar,
    until: async (condition) => {
      for (let n = 0; n < 10_000 && !condition(); n += 1) clock.runFor(1);
      if (!condition()) throw new Error('it never came to pass');
    },
    end: () => undefined,
  };
}

export async function realPair(): Promise<WirePairOfTwo> {
  const server = new WebSocketServer({ ...WIRE_OPTIONS, port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const accepted = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, WIRE_OPTIONS);
  const heardNear = new Heard();
  const heardFar = new Heard();
  const near = wireOf(socket, heardNear);
  const opened = new Promise((resolve) => socket.once('open', resolve));
  const far = wireOf(await accepted, heardFar);
  await opened;
  return {
    near,
    far,
    heardNear,
    heardFar,
    until: async (condition) => {
      const untilMs = performance.now() + 10_000;
      while (!condition()) {
        if (performance.now() > untilMs) throw new Error('it never came to pass');
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    end: () => {
      near.terminate();
      far.terminate();
      server.close();
    },
  };
}
