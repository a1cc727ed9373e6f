// A stand-in for a SQL Server's port: as much of TDS as a login takes, and a server that goes silent or away at any step.

import { createServer, type Server, type Socket } from 'node:net';

import { onTestFinished } from 'vitest';

/** What the driver sends, in order: the socket itself, then messages by their type (MS-TDS §2.2.3.1.1). */
export type Step = 'connection' | 'prelogin' | 'login' | 'settings' | 'statement';

export interface TdsEndpoint {
  readonly port: number;
  /** From now on: at this step, goes silent or away. */
  failAt(step: Step, how: 'silent' | 'away'): void;
  /** Connections taken so far, and how many of them are open. */
  counts(): { readonly taken: number; readonly open: number };
}

const STEPS: Readonly<Record<number, Step>> = {
  0x12: 'prelogin',
  0x10: 'login',
  0x01: 'settings',
  0x03: 'statement',
};

const HEADER_BYTES = 8;

/** Version 15, no encryption: two options, their offsets and lengths, the terminator, the values (§2.2.6.5). */
const PRELOGIN_ANSWER = Buffer.from('00000b0006010011 0001ff0f0007d0000002'.replaceAll(' ', ''), 'hex');
/** DONE: final, no count (§2.2.7.6). */
const DONE = Buffer.from(`fd${'00'.repeat(12)}`, 'hex');
/** LOGINACK: T-SQL, TDS 7.4, a program of one letter, its version (§2.2.7.14). */
const LOGIN_ANSWER = Buffer.concat([
  Buffer.from('ad0c000174000004017300 0f0007d0'.replaceAll(' ', ''), 'hex'),
  DONE,
]);

const ANSWERS: Readonly<Record<Exclude<Step, 'connection'>, Buffer>> = {
  prelogin: PRELOGIN_ANSWER,
  login: LOGIN_ANSWER,
  settings: DONE,
  statement: DONE,
};

/** Listens on a free port until the test has finished. */
export async function tdsEndpoint(): Promise<TdsEndpoint> {
  let failure: { step: Step; how: 'silent' | 'away' } | null = null;
  let taken = 0;
  const sockets = new Set<Socket>();

  const server = createServer((socket) => {
    taken += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The driver may reset what we are about to answer.
    socket.on('error', () => {});
    if (failure?.step === 'connection' && failure.how === 'away') socket.destroy();
    let received = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (let step = nextStep(); step !== null; step = nextStep()) take(step);
    });

    function nextStep(): Exclude<Step, 'connection'> | null {
      if (received.length < HEADER_BYTES) return null;
      const packetBytes = received.readUInt16BE(2);
      if (received.length < packetBytes) return null;
      const step = STEPS[received.readUInt8(0)];
      received = received.subarray(packetBytes);
      return step === undefined || step === 'connection' ? null : step;
    }

    function take(step: Exclude<Step, 'connection'>): void {
      if (failure?.step === 'connection') return;
      if (failure?.step !== step) socket.write(packet(ANSWERS[step]));
      else if (failure.how === 'away') socket.destroy();
    }
  });

  await listen(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It listens on no port.');
  return {
    port: address.port,
    failAt: (step, how) => void (failure = { step, how }),
    counts: () => ({ taken, open: sockets.size }),
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

/** A tabular result in one packet. */
function packet(payload: Buffer): Buffer {
  const header = Buffer.from([0x04, 0x01, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(HEADER_BYTES + payload.length, 2);
  return Buffer.concat([header, payload]);
}
