// The visitor of every exchange: sends its request as drawn, reads the answer as it comes, and may leave early.

import { setTimeout as moment } from 'node:timers/promises';
import { RawClient } from '../../support/rawClient.ts';
import type { Mishap } from './exchange.ts';
import { endsConnection, type Meeting } from './meeting.ts';
import { cutBody, inPieces, requestBody, requestHead, sequelRequest } from './wireText.ts';

/**
 * clean: the answer says itself that it is whole; broken: it began, and no such word came; none: not even a head;
 * left: the visitor did not wait for it.
 */
export type AnswerEnding = 'clean' | 'broken' | 'none' | 'left';

/** Nobody has to wait for an invitation for ever (RFC 9110 §10.1.1). */
const WAIT_FOR_INVITATION_MS = 20;

/** One exchange on a connection of its own, to its end. */
export async function visit(port: number, meeting: Meeting, id: string): Promise<AnswerEnding> {
  const client = await RawClient.connect(port);
  const visit = new Visit(client, meeting, id);
  try {
    return await visit.run();
  } finally {
    client.close();
    meeting.happened();
  }
}

class Visit {
  private readonly client: RawClient;
  private readonly meeting: Meeting;
  private readonly id: string;
  private fed = 0;
  private hasLeft = false;

  constructor(client: RawClient, meeting: Meeting, id: string) {
    this.client = client;
    this.meeting = meeting;
    this.id = id;
  }

  async run(): Promise<AnswerEnding> {
    const sending = this.send();
    const reading = this.client.until(() => {
      this.read();
      return this.isOver;
    });
    await Promise.all([sending, reading]);
    await this.readSequel();
    if (this.hasLeft) return 'left';
    const { isWhole, head } = this.meeting.answer;
    if (isWhole) return 'clean';
    return head === null ? 'none' : 'broken';
  }

  /** Whoever does not say that the connection ends serves what follows on it; whoever does ends it (RFC 9112 §9.3). */
  private async readSequel(): Promise<void> {
    const { answer, sequel, exchange } = this.meeting;
    const isEnding = endsConnection(this.meeting);
    if (!answer.isWhole || (exchange.sequel === 'never' && !isEnding)) return;
    if (exchange.sequel === 'behind the answer' && !isEnding) this.client.send(sequelRequest(exchange));
    sequel.feed(answer.surplus);
    await this.client.until(() => {
      sequel.feed(this.client.bytes.slice(this.fed));
      this.fed = this.client.bytes.length;
      return sequel.isWhole || sequel.fault !== null || this.client.ended !== null;
    });
    this.meeting.ending = this.client.ended;
  }

  private read(): void {
    const { bytes, ended } = this.client;
    const { answer } = this.meeting;
    answer.feed(bytes.slice(this.fed));
    this.fed = bytes.length;
    if (ended === 'fin') answer.finish();
    this.meeting.happened();
  }

  /** Nothing more is sent or read. */
  private get isOver(): boolean {
    const { isWhole, fault } = this.meeting.answer;
    return isWhole || fault !== null || this.client.ended !== null || this.hasLeft;
  }

  private async send(): Promise<void> {
    const { exchange } = this.meeting;
    const { cuts, version, expectation } = exchange.request;
    const head = requestHead(exchange, this.id);
    const { mishap } = exchange;
    const isLeaving = mishap?.kind === 'visitor leaves';
    const hasMore = exchange.sequel === 'behind the request';
    const body =
      isLeaving && mishap.during === 'upload'
        ? cutBody(exchange.request.body, mishap.at).text
        : requestBody(exchange) + (hasMore ? sequelRequest(exchange) : '');
    const write = (piece: string) => {
      if (hasMore || !this.isOver) this.client.send(piece);
    };
    if (version === '1.1' && expectation !== null) {
      await inPieces(head, cuts, write);
      if (await this.isInvited()) await inPieces(body, cuts, write);
    } else await inPieces(head + body, cuts, write);
    if (isLeaving) await this.leave(mishap);
  }

  /** Answered at once, it keeps its body to itself (RFC 9110 §10.1.1). */
  private async isInvited(): Promise<boolean> {
    const { exchange, answer } = this.meeting;
    const hears100 = () => answer.interims.some(({ start }) => start.startsWith('HTTP/1.1 100'));
    if (exchange.request.expectation === 'ignored') {
      await moment(WAIT_FOR_INVITATION_MS);
      return true;
    }
    await this.meeting.until('the visitor is invited or answered', () => {
      return this.isOver || answer.head !== null || hears100();
    });
    return hears100();
  }

  private async leave({ during, at, by }: Mishap & { kind: 'visitor leaves' }): Promise<void> {
    const { attempts, answer, exchange } = this.meeting;
    const { request } = exchange;
    await this.meeting.until(`what the visitor waits for before it leaves`, () => {
      const seen = attempts.at(-1)?.reader;
      if (this.isOver) return true;
      if (during === 'answer')
        return answer.head !== null && answer.body.length >= cutBody(exchange.answer.body, at).payloadBytes;
      if (during === 'waiting') return seen?.isWhole === true;
      return seen !== undefined && seen.body.length >= cutBody(request.body, at).payloadBytes;
    });
    if (this.isOver) return;
    if (by === 'half-close') {
      this.client.halfClose();
      await this.client.until(() => this.client.ended !== null);
    } else if (by === 'reset') this.client.reset();
    else this.client.close();
    this.hasLeft = true;
    this.meeting.happened();
  }
}
