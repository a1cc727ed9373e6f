// A name server for tests, on loopback over UDP: it knows what the test says, and nothing else.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface Records {
  readonly A?: readonly string[];
  /** Eight groups of hexadecimal digits. */
  readonly AAAA?: readonly string[];
  /** The values of `issue`. */
  readonly CAA?: readonly string[];
}

export interface DnsServer {
  /** As OCTOPORTY_DNS_SERVERS takes it. */
  readonly address: string;
  /** Every question so far: `A name`. */
  readonly asked: readonly string[];
  /** By name, in lower case; a name that is not there does not exist. */
  readonly zone: Map<string, Records>;
  /** Whether it answers at all. */
  isSilent: boolean;
  stop(): void;
}

const TYPES = new Map<number, keyof Records>([
  [1, 'A'],
  [28, 'AAAA'],
  [257, 'CAA'],
]);

export async function startDnsServer(zone: Readonly<Record<string, Records>>): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const asked: string[] = [];
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    zone: new Map(Object.entries(zone)),
    isSilent: false,
    stop: () => void socket.close(),
  };
  socket.on('message', (query, from) => {
    const { name, end } = nameIn(query);
    const number = query.readUInt16BE(end);
    const type = TYPES.get(number);
    asked.push(`${type ?? number} ${name}`);
    const records = server.zone.get(name.toLowerCase());
    const answers = type === undefined ? [] : (records?.[type] ?? []).map((text) => dataOf(type, text));
    if (!server.isSilent)
      socket.send(answerTo(query.subarray(0, end + 4), number, answers, records), from.port);
  });
  return server;
}

/** The question's name, and where what follows it begins. */
function nameIn(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

/** RFC 1035 §4.1: header, question, and records that point to the question's name. */
function answerTo(
  asked: Buffer,
  type: number,
  answers: readonly Buffer[],
  known: object | undefined,
): Buffer {
  const header = Buffer.from(asked);
  header.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt32BE(0, 8);
  const records = answers.map((data) => {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc00c, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(data.length, 10);
    return Buffer.concat([head, data]);
  });
  return Buffer.concat([header, ...records]);
}

function dataOf(type: keyof Records, text: string): Buffer {
  if (type === 'A') return Buffer.from(text.split('.').map(Number));
  if (type === 'AAAA')
    return Buffer.from(
      text
        .split(':')
        .map((group) => group.padStart(4, '0'))
        .join(''),
      'hex',
    );
  return Buffer.concat([Buffer.from([0, 5]), Buffer.from(`issue${text}`)]);
}
