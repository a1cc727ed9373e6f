// Bodies that nobody wants any more, and those that wait to be wanted: STOP and Expect, with the test as the peer.

import { describe, expect, it } from 'vitest';
import {
  FLOOR_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  REPORT_BYTES,
  SPARE_WINDOW_BYTES,
} from '../../protocol/limits.ts';
import {
  EXPECT,
  GET,
  OK,
  POST,
  channelCredit,
  credit,
  data,
  end,
  request,
  response,
  stop,
} from './frames.ts';
import { LoneChannel, codeOf } from './wirePair.ts';

describe('STOP', () => {
  it('ends the other direction: what was queued is dropped and END follows', () => {
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(POST);
    gateway.tick();
    stream.write(Buffer.from('dropped'));
    gateway.receive(stop(1), stop(1));
    expect(recorder.calls).toEqual(['stop', 'stop']);
    stream.write(Buffer.from('ignored'));
    stream.end(['X', 'ignored']);
    expect(gateway.tick()).toEqual([end(1)]);
    expect(stream.isOver).toBe(false);
    gateway.receive(response(1, false));
    expect(gateway.channel.streamCount).toBe(0);
  });

  it('ends a direction that waits for credit behind its own end', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(EXPECT);
    stream.write(Buffer.from('no credit for this'));
    stream.end(['X-Sum', '9']);
    expect(gateway.tick()).toEqual([request(1, EXPECT)]);
    gateway.receive(stop(1));
    expect(gateway.tick()).toEqual([end(1, ['X-Sum', '9'])]);
  });

  it('is ignored by a direction that has not begun or is ended', () => {
    const agent = new LoneChannel('agent');
    const { stream, recorder } = agent.admit(request(1));
    agent.receive(stop(1));
    stream.respond(OK, false);
    agent.receive(stop(1));
    expect(recorder.calls).toEqual([]);
    expect(agent.tick()).toEqual([response(1, false)]);
  });

  it('is sent once, only for a body that runs, and what still comes is dropped and returned', () => {
    // Just too little for a report, until the rest of the window has come.
    const first = REPORT_BYTES - 1;
    const rest = INITIAL_WINDOW_BYTES - first;
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(POST);
    stream.stop();
    expect(gateway.tick()).toEqual([request(1)]);
    gateway.receive(response(1), data(1, first));
    stream.stop();
    stream.stop();
    expect(gateway.tick()).toEqual([stop(1)]);
    gateway.receive(data(1, rest));
    expect(recorder.calls).toEqual(['response 200 with body', `data ${first}`]);
    expect(gateway.channel.ledger().heldBytes).toBe(first);
    stream.consume(first);
    stream.want();
    expect(gateway.tick()).toEqual([channelCredit(rest, INITIAL_WINDOW_BYTES)]);
    expect(gateway.channel.ledger()).toMatchObject({ heldBytes: 0 });
    expect(codeOf(() => gateway.receive(data(1, 1)))).toBe('credit_overdrawn');
    gateway.receive(end(1, ['X', 'y']));
    expect(recorder.calls.at(-1)).toBe('end X y');
    stream.stop();
    expect(gateway.tick()).toEqual([]);
    stream.end();
    expect(gateway.tick()).toEqual([end(1)]);
    expect(gateway.channel.ledger()).toMatchObject({ streams: [], spareBytes: SPARE_WINDOW_BYTES });
  });
});

describe('a body that was stopped', () => {
  it('gets no credit for what is consumed of it', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(GET);
    gateway.receive(response(1), data(1, INITIAL_WINDOW_BYTES));
    stream.stop();
    gateway.tick();
    stream.consume(INITIAL_WINDOW_BYTES);
    expect(gateway.tick()).toEqual([channelCredit(INITIAL_WINDOW_BYTES, INITIAL_WINDOW_BYTES)]);
  });
});

describe('a body held back by Expect', () => {
  it('starts with no window, and the first credit asks for it', () => {
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(EXPECT);
    stream.write(Buffer.from('body'));
    expect(gateway.tick()).toEqual([request(1, EXPECT)]);
    gateway.receive(credit(1, 0));
    expect(recorder.calls).toEqual([]);
    gateway.receive(credit(1, 4));
    expect(recorder.calls).toEqual(['wanted']);
    expect(gateway.tick()).toEqual([data(1, 'body')]);
    gateway.receive(credit(1, 4));
    expect(recorder.calls).toEqual(['wanted']);
  });

  it('is asked for by want, with the floor window', () => {
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1, EXPECT));
    expect(codeOf(() => agent.receive(data(1, 1)))).toBe('credit_overdrawn');
    stream.want();
    stream.want();
    expect(agent.tick()).toEqual([credit(1, FLOOR_WINDOW_BYTES)]);
  });

  it('is never asked for twice: a body that ran out of credit is not wanted anew', () => {
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(POST);
    stream.write(Buffer.alloc(65_536));
    gateway.drain();
    expect(gateway.channel.ledger().streams[0]?.sendCreditBytes).toBe(0);
    gateway.receive(credit(1, 100));
    expect(recorder.calls).toEqual(['drained']);
  });

  it('is not wanted when there is none', () => {
    const gateway = new LoneChannel('gateway');
    const { recorder } = gateway.open(GET);
    gateway.receive(credit(1, 100));
    expect(recorder.calls).toEqual([]);
  });

  it('may be refused by an answer, after which nothing is granted', () => {
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1, EXPECT));
    stream.respond({ ...OK, status: 417 }, false);
    stream.stop();
    expect(agent.tick()).toEqual([
      { type: 'response', id: 1, head: { ...OK, status: 417 }, hasBody: false },
      stop(1),
    ]);
    stream.want();
    expect(agent.tick()).toEqual([]);
    agent.receive(end(1));
    stream.want();
    expect(agent.tick()).toEqual([]);
    expect(agent.channel.streamCount).toBe(0);
  });

  it('that is over without any bytes is asked for in vain', () => {
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1, EXPECT));
    agent.receive(end(1));
    stream.want();
    expect(agent.tick()).toEqual([]);
  });

  it('is granted all that is due by want, however little', () => {
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1));
    agent.receive(data(1, 1));
    stream.consume(1);
    stream.want();
    expect(agent.tick()).toEqual([credit(1, 1)]);
  });
});
