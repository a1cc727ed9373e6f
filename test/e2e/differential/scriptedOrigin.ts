// The origin of every exchange: reads each request as it comes and plays the answer that its exchange says.

import { openRawOrigin, type RawOrigin, type RawPeer } from '../../support/rawOrigin.ts';
import { isBodiless, type Exchange, type Mishap } from './exchange.ts';
import { requestFraming, type Attempt, type Meeting } from './meeting.ts';
import { MessageReader, membersOf, valuesOf } from './messageReader.ts';
import {
  answerBody,
  answerHead,
  cutBody,
  ID_LINE,
  inPieces,
  interimText,
  payloadOf,
  SEQUEL,
  sequelAnswer,
} from './wireText.ts';

const WHOLE = 1_000;

/** `find` gives the meeting whose id a request carries. */
export function openScriptedOrigin(find: (id: string) => Meeting | undefined): Promise<RawOrigin> {
  return openRawOrigin({ behave: (peer) => serve(peer, find) });
}

/** A connection has requests as long as both sides let it. */
async function serve(peer: RawPeer, find: (id: string) => Meeting | undefined): Promise<void> {
  let surplus = '';
  while (true) {
    const attempt: Attempt = { reader: new MessageReader(requestFraming), isCut: false };
    const { reader } = attempt;
    reader.feed(surplus);
    await readUntil(peer, reader, () => reader.head !== null);
    if (reader.head?.start.startsWith(`GET ${SEQUEL.target} `) === true) {
      peer.send(sequelAnswer());
      surplus = reader.surplus;
      continue;
    }
    const meeting =
      reader.head === null ? undefined : find(valuesOf(reader.head.lines, ID_LINE.toLowerCase())[0] ?? '');
    if (meeting === undefined) {
      peer.reset();
      return;
    }
    meeting.attempts.push(attempt);
    const reading = readRest(peer, attempt, meeting);
    const play = new Play(peer, meeting, attempt);
    try {
      await play.answer();
      if (!play.persists) await peer.left();
      await reading;
    } catch (error) {
      meeting.troubles.push(`origin: ${String(error)}`);
      throw error;
    } finally {
      meeting.played += 1;
      meeting.happened();
    }
    if (!play.persists) break;
    surplus = reader.surplus;
  }
  peer.reset();
}

async function readRest(peer: RawPeer, attempt: Attempt, meeting: Meeting): Promise<void> {
  const { reader } = attempt;
  meeting.happened();
  await readUntil(peer, reader, () => {
    meeting.happened();
    return reader.isWhole;
  });
  attempt.isCut = !reader.isWhole;
  meeting.happened();
}

/** Reads until `isEnough`, or to the end of what comes. */
async function readUntil(peer: RawPeer, reader: MessageReader, isEnough: () => boolean): Promise<void> {
  while (!isEnough() && reader.fault === null) {
    const bytes = await moreOf(peer);
    if (bytes === '') return;
    reader.feed(bytes);
  }
}

async function moreOf(peer: RawPeer): Promise<string> {
  try {
    const first = await peer.bytes(1);
    return first + (await peer.bytes(peer.pending.length));
  } catch {
    // They have left: nothing comes any more.
    return '';
  }
}

/** One answer, as far as its exchange lets it come. */
class Play {
  private readonly peer: RawPeer;
  private readonly meeting: Meeting;
  private readonly attempt: Attempt;

  constructor(peer: RawPeer, meeting: Meeting, attempt: Attempt) {
    this.peer = peer;
    this.meeting = meeting;
    this.attempt = attempt;
  }

  /** The connection takes another request behind this one. */
  get persists(): boolean {
    const { exchange } = this.meeting;
    const { answer, mishap } = exchange;
    const isClosing = (lines = answer.lines) => membersOf(lines, 'connection').includes('close');
    if (mishap !== null || answer.version === '1.0' || isClosing()) return false;
    const { head } = this.attempt.reader;
    if (head?.start.endsWith('HTTP/1.1') !== true || isClosing(head.lines)) return false;
    return answer.body.framing !== 'close' || isBodiless(exchange);
  }

  async answer(): Promise<void> {
    const { exchange } = this.meeting;
    const { request, answer, mishap } = exchange;
    if (request.version === '1.1' && request.expectation === 'invited')
      this.peer.send('HTTP/1.1 100 Continue\r\n\r\n');
    if (mishap?.kind === 'visitor leaves' && mishap.during === 'upload') return;
    await this.begins();
    for (const interim of answer.interims) this.peer.send(interimText(interim));
    if (mishap?.kind === 'visitor leaves') this.answerBefore(mishap, exchange);
    else if (mishap?.kind === 'origin dies') await this.die(mishap, exchange);
    else await this.answerWhole(exchange);
  }

  private async begins(): Promise<void> {
    const { request, answer } = this.meeting.exchange;
    const { reader } = this.attempt;
    const wanted = ((answer.begins ?? WHOLE) * payloadOf(request.body).length) / WHOLE;
    await this.meeting.until('the origin has enough of the request', () => {
      const isEnough = answer.begins !== null && reader.body.length >= wanted;
      return reader.isWhole || isEnough || this.isOver;
    });
  }

  private async answerWhole(exchange: Exchange): Promise<void> {
    const { cuts, isHeld } = exchange.answer;
    await inPieces(answerHead(exchange) + answerBody(exchange), cuts, async (piece, isLast) => {
      if (isLast && isHeld)
        await this.meeting.until(
          'the origin has the whole request',
          () => this.attempt.reader.isWhole || this.isOver,
        );
      if (!this.peer.hasLeft) this.peer.send(piece);
    });
    if (!this.persists) this.peer.end();
  }

  /** What the visitor has when leaving; the rest never comes. */
  private answerBefore({ during, at }: Mishap, exchange: Exchange): void {
    if (during === 'answer') this.peer.send(answerHead(exchange) + cutBody(exchange.answer.body, at).text);
  }

  private async die(
    { during, at, by, isPatient }: Mishap & { kind: 'origin dies' },
    exchange: Exchange,
  ): Promise<void> {
    const head = answerHead(exchange);
    const body = cutBody(exchange.answer.body, at);
    const text = during === 'body' ? head + body.text : head.slice(0, Math.floor((head.length * at) / WHOLE));
    await inPieces(text, exchange.answer.cuts, (piece) => this.peer.send(piece));
    const { answer } = this.meeting;
    if (during === 'body' && isPatient)
      await this.meeting.until(
        'the visitor has what the origin sent',
        () => (answer.head !== null && answer.body.length >= body.payloadBytes) || this.isOver,
      );
    await this.peer.taken();
    if (by === 'reset') this.peer.reset();
    else this.peer.end();
  }

  private get isOver(): boolean {
    return this.attempt.isCut || this.peer.hasLeft;
  }
}
