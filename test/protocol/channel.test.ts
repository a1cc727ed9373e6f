// The rules of a channel and its streams, from both sides: the test plays the peer, frame by frame. Ends, broken rules and held bodies have files of their own.

import { describe, expect, it } from 'vitest';
import {
  FLOOR_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_STREAMS,
  MAX_STREAM_ID,
  SPARE_WINDOW_BYTES,
  STALLED_SOCKET_BYTES,
} from '../../protocol/limits.ts';
import {
  EARLY_HINTS,
  EXPECT,
  GET,
  OK,
  POST,
  UPGRADE,
  channelCredit,
  credit,
  data,
  end,
  request,
  reset,
  response,
} from './frames.ts';
import { ChannelPair, LoneChannel, Recorder, codeOf, type Accepted } from './wirePair.ts';

const HUGE = ['a', 'x'.repeat(65_535), 'b', 'x'.repeat(65_535)];

describe('a request and its answer', () => {
  it('get their credit back once half a window has been consumed', () => {
    const half = INITIAL_WINDOW_BYTES / 2;
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1));
    agent.receive(data(1, half - 1), data(1, 1));
    agent.tick();
    stream.consume(half - 1);
    expect(agent.tick()).toEqual([]);
    stream.consume(1);
    expect(agent.tick()).toEqual([credit(1, half), channelCredit(half, half)]);
  });

  it('pass through both ends, bodies and trailers in both directions', () => {
    const accepted: Accepted[] = [];
    const atAgent = new Recorder();
    const atGateway = new Recorder();
    const pair = new ChannelPair((stream, head) => {
      accepted.push({ stream, head });
      return atAgent;
    });
    const up = pair.gateway.open(POST, () => atGateway);
    up.write(Buffer.from('ping'));
    up.end(['X-Up', '1']);
    pair.loop.settle();
    expect(accepted[0]?.head).toEqual(POST);
    expect(atAgent.calls).toEqual(['data 4', 'end X-Up 1']);
    expect(atAgent.body.toString()).toBe('ping');

    const down = accepted[0]?.stream;
    down?.inform(EARLY_HINTS);
    down?.respond(OK, true);
    down?.write(Buffer.from('pong!'));
    down?.end(['X-Down', '2']);
    pair.loop.settle();
    expect(atGateway.calls).toEqual(['inform 103', 'response 200 with body', 'data 5', 'end X-Down 2']);
    expect(atGateway.body.toString()).toBe('pong!');
    expect([pair.gateway.streamCount, pair.agent.streamCount]).toEqual([0, 0]);
    expect([up.isOver, down?.isOver]).toEqual([true, true]);
  });

  it('without bodies are over with their heads alone', () => {
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(GET);
    expect(gateway.tick()).toEqual([request(1, GET)]);
    gateway.receive(response(1, false));
    expect(recorder.calls).toEqual(['response 200']);
    expect(stream.isOver).toBe(true);
    expect(gateway.channel.streamCount).toBe(0);

    const agent = new LoneChannel('agent');
    const { stream: accepted } = agent.admit(request(1, GET));
    expect(accepted.isOver).toBe(false);
    accepted.respond(OK, false);
    expect(agent.tick()).toEqual([response(1, false)]);
    expect(agent.channel.streamCount).toBe(0);
  });

  it('of an upgrade carry raw bytes both ways, each direction ending by itself', () => {
    const agent = new LoneChannel('agent');
    const { stream, recorder } = agent.admit(request(1, UPGRADE));
    const switching = { status: 101, reason: 'Switching Protocols', headers: [] };
    stream.respond(switching, true);
    stream.write(Buffer.from('down'));
    agent.receive(data(1, 'up'), end(1));
    expect(recorder.calls).toEqual(['data 2', 'end']);
    stream.write(Buffer.from('more'));
    expect(agent.tick()).toEqual([
      { type: 'response', id: 1, head: switching, hasBody: true },
      data(1, 'down'),
      data(1, 'more'),
    ]);
    expect(agent.channel.streamCount).toBe(1);
    stream.end();
    expect(agent.tick()).toEqual([end(1)]);
    expect(agent.channel.streamCount).toBe(0);
  });

  it('may overlap: an answer that is complete leaves the request body running', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(POST);
    gateway.receive(response(1), end(1));
    expect(stream.isOver).toBe(false);
    stream.write(Buffer.from('late'));
    stream.end();
    expect(gateway.tick()).toEqual([request(1), data(1, 'late'), end(1)]);
    expect(gateway.channel.streamCount).toBe(0);
  });

  it('answered before accept returns are over at once', () => {
    const agent = new LoneChannel('agent', (stream) => stream.reset('mapping_gone'));
    agent.receive(request(1));
    expect(agent.channel.streamCount).toBe(0);
    expect(agent.tick()).toEqual([{ type: 'reset', id: 1, code: 'mapping_gone' }]);
    expect(agent.channel.ledger().spareBytes).toBe(SPARE_WINDOW_BYTES);
  });

  it('take rising ids from 1', () => {
    const gateway = new LoneChannel('gateway');
    expect(gateway.channel.highestStreamId).toBe(0);
    expect([gateway.open(GET).stream.id, gateway.open(GET).stream.id]).toEqual([1, 2]);
    gateway.receive(response(1, false), response(2, false));
    expect(gateway.open(GET).stream.id).toBe(3);
    expect(gateway.channel.highestStreamId).toBe(3);
  });
});

describe('opening a stream', () => {
  it('is refused while as many as allowed are open, and possible again when one is over', () => {
    const gateway = new LoneChannel('gateway');
    for (let n = 0; n < MAX_STREAMS; n += 1) gateway.open(GET);
    expect(codeOf(() => gateway.open(GET))).toBe('overloaded');
    expect(gateway.channel.highestStreamId).toBe(MAX_STREAMS);
    gateway.receive(response(5, false));
    expect(codeOf(() => gateway.open(GET))).toBe('no error');
    expect(codeOf(() => gateway.open(GET))).toBe('overloaded');
  });

  it('is refused while the socket does not drain', () => {
    const gateway = new LoneChannel('gateway');
    gateway.wire.extraBufferedBytes = STALLED_SOCKET_BYTES + 1;
    expect(codeOf(() => gateway.open(GET))).toBe('overloaded');
    gateway.wire.extraBufferedBytes = STALLED_SOCKET_BYTES;
    expect(codeOf(() => gateway.open(GET))).toBe('no error');
  });

  it('is refused on a closed channel', () => {
    const gateway = new LoneChannel('gateway');
    gateway.channel.close('wire_closed');
    expect(codeOf(() => gateway.open(GET))).toBe('tunnel_lost');
  });

  it('is refused once the last id is taken: the next wire starts anew', () => {
    const agent = new LoneChannel('agent');
    agent.receive(request(MAX_STREAM_ID - 1, GET));
    expect(agent.channel.isSpent).toBe(false);
    expect(agent.open(GET).stream.id).toBe(MAX_STREAM_ID);
    expect(agent.channel.isSpent).toBe(true);
    expect(codeOf(() => agent.open(GET))).toBe('tunnel_lost');
  });

  it('gives its body a whole window again, however many bodies there were before', () => {
    const gateway = new LoneChannel('gateway');
    for (let id = 1; id <= 1000; id += 1) {
      gateway.open(POST).stream.end();
      expect(gateway.tick()).toEqual([request(id, POST), end(id)]);
      gateway.receive(response(id, false));
    }
  });

  it('with a head that fits no frame sends nothing and gives its windows back', () => {
    const gateway = new LoneChannel('gateway');
    expect(codeOf(() => gateway.open({ ...POST, headers: HUGE }))).toBe('head_too_large');
    expect(gateway.channel.streamCount).toBe(0);
    expect(gateway.channel.ledger().spareBytes).toBe(SPARE_WINDOW_BYTES);
    for (let n = 0; n < 600; n += 1) codeOf(() => gateway.open({ ...POST, headers: HUGE }));
    gateway.open(POST);
    expect(gateway.tick()).toEqual([request(1, POST)]);
  });

  it('that its own handler resets at once leaves nothing behind', () => {
    const gateway = new LoneChannel('gateway');
    gateway.channel.open(POST, (stream) => {
      stream.reset('cancelled');
      return new Recorder();
    });
    expect(gateway.tick()).toEqual([request(1, POST), reset(1)]);
    expect(gateway.channel.streamCount).toBe(0);
    expect(gateway.channel.ledger().spareBytes).toBe(SPARE_WINDOW_BYTES);
  });
});

describe('what a caller may do', () => {
  it('before its head: nothing of a body leaves', () => {
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1, GET));
    expect(stream.write(Buffer.from('early'))).toBe(true);
    stream.end();
    expect(agent.tick()).toEqual([]);
    stream.respond(OK, true);
    stream.respond({ ...OK, status: 500 }, false);
    stream.inform(EARLY_HINTS);
    expect(agent.tick()).toEqual([response(1)]);
    stream.end();
    expect(agent.tick()).toEqual([end(1)]);
  });

  it('a write of nothing sends nothing, and after end nothing is written or ended again', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(POST);
    gateway.tick();
    stream.write(Buffer.alloc(0));
    expect(gateway.tick()).toEqual([]);
    stream.write(Buffer.from('x'));
    expect(gateway.tick()).toEqual([data(1, 'x')]);
    stream.end(['A', '1']);
    stream.write(Buffer.from('late'));
    stream.end(['B', '2']);
    expect(gateway.tick()).toEqual([end(1, ['A', '1'])]);
  });

  it('a head that fits no frame is refused and another may follow', () => {
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1, GET));
    expect(codeOf(() => stream.inform({ ...EARLY_HINTS, headers: HUGE }))).toBe('head_too_large');
    expect(codeOf(() => stream.respond({ ...OK, headers: HUGE }, false))).toBe('head_too_large');
    expect(agent.channel.streamCount).toBe(1);
    stream.respond(OK, true);
    expect(codeOf(() => stream.end(HUGE))).toBe('head_too_large');
    stream.end();
    expect(agent.tick()).toEqual([response(1), end(1)]);
  });

  it('consuming more than is held does nothing', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(GET);
    gateway.receive(response(1), data(1, 10));
    stream.consume(11);
    stream.consume(-1);
    expect(gateway.channel.ledger().heldBytes).toBe(10);
    stream.consume(10);
    expect(gateway.channel.ledger().heldBytes).toBe(0);
  });

  it('write asks to wait at 64 KiB and tells once when half of it has left', () => {
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(EXPECT);
    expect(stream.write(Buffer.alloc(65_535))).toBe(true);
    expect(stream.write(Buffer.alloc(1))).toBe(false);
    expect(stream.write(Buffer.alloc(1))).toBe(false);
    gateway.receive(credit(1, 32_768));
    gateway.drain();
    expect(recorder.calls).toEqual(['wanted']);
    gateway.receive(credit(1, 1));
    gateway.drain();
    expect(recorder.calls).toEqual(['wanted', 'drained']);
    gateway.receive(credit(1, 1));
    gateway.drain();
    expect(recorder.calls).toEqual(['wanted', 'drained']);
  });

  it('a stream that never had to wait is not told that it drained', () => {
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(POST);
    stream.write(Buffer.alloc(60_000));
    gateway.drain();
    expect(recorder.calls).toEqual([]);
  });

  it('a stream that another one ends while both drain is not told any more', () => {
    const gateway = new LoneChannel('gateway');
    const first = gateway.open(POST);
    const second = gateway.open(POST);
    first.stream.write(Buffer.alloc(65_536));
    second.stream.write(Buffer.alloc(65_536));
    first.recorder.onCall = () => second.stream.reset('cancelled');
    second.recorder.onCall = () => first.stream.reset('cancelled');
    gateway.drain();
    expect([...first.recorder.calls, ...second.recorder.calls]).toEqual(['drained']);
  });

  it('a handler that throws stops its message and its error comes out as it is', () => {
    const agent = new LoneChannel('agent');
    const { recorder } = agent.admit(request(1));
    recorder.onCall = () => {
      throw new RangeError('a bug of ours');
    };
    expect(() => agent.receive(data(1, 1), end(1))).toThrow(RangeError);
    expect(recorder.calls).toEqual(['data 1']);
    recorder.onCall = () => {};
    agent.channel.close('internal');
    expect(recorder.calls).toEqual(['data 1', 'reset internal']);
  });
});

describe('the ledger', () => {
  it('shows what each stream holds, may send and has queued', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(EXPECT);
    stream.write(Buffer.alloc(9));
    gateway.receive(response(1), data(1, 7));
    expect(gateway.channel.ledger()).toEqual({
      streams: [
        { id: 1, queuedBytes: 9, sendCreditBytes: 0, heldBytes: 7, windowBytes: INITIAL_WINDOW_BYTES },
      ],
      heldBytes: 7,
      aheadBytes: 0,
      spareBytes: SPARE_WINDOW_BYTES - INITIAL_WINDOW_BYTES + FLOOR_WINDOW_BYTES,
    });
  });
});
