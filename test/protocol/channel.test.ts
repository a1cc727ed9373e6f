// The rules of a channel and its streams, from both sides: the test plays the peer, frame by frame.

import { describe, expect, it } from 'vitest';
import {
  CHANNEL_WINDOW_BYTES,
  FLOOR_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_BINARY_MESSAGE_BYTES,
  MAX_INFORMS,
  MAX_STREAMS,
  MAX_STREAM_ID,
  REPORT_BYTES,
  RESETS_PER_SECOND,
  RESET_BURST,
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
  data,
  decode,
  encodeAll,
  hex,
  request,
  type Frame,
} from './frames.ts';
import { ChannelPair, LoneChannel, Recorder, codeOf, type Accepted } from './wirePair.ts';

const response = (id: number, hasBody = true): Frame => ({ type: 'response', id, head: OK, hasBody });
const inform = (id: number): Frame => ({ type: 'inform', id, head: EARLY_HINTS });
const end = (id: number, trailers: string[] = []): Frame => ({ type: 'end', id, trailers });
const reset = (id: number): Frame => ({ type: 'reset', id, code: 'cancelled' });
const stop = (id: number): Frame => ({ type: 'stop', id });
const credit = (id: number, bytes: number): Frame => ({ type: 'credit', id, bytes });
const channelCredit = (bytes: number, arrivedBytes: number): Frame => ({
  type: 'channelCredit',
  bytes,
  arrivedBytes,
});

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

describe('an end before its time', () => {
  it('RESET from the peer is told once, with its code, and frees what was held', () => {
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(POST);
    stream.write(Buffer.from('never sent'));
    gateway.receive(response(1), data(1, 70), { type: 'reset', id: 1, code: 'origin_reset' }, reset(1));
    expect(recorder.calls).toEqual(['response 200 with body', 'data 70', 'reset origin_reset']);
    expect(gateway.tick()).toEqual([request(1, POST)]);
    expect(gateway.channel.ledger()).toEqual({
      streams: [],
      heldBytes: 0,
      aheadBytes: 0,
      spareBytes: SPARE_WINDOW_BYTES,
    });
  });

  it('RESET of our own tells the peer and calls the handler no more', () => {
    const agent = new LoneChannel('agent');
    const { stream, recorder } = agent.admit(request(1));
    agent.receive(data(1, 50));
    stream.respond(OK, true);
    stream.write(Buffer.from('never sent'));
    stream.reset('origin_invalid');
    stream.reset('internal');
    expect(agent.tick()).toEqual([response(1), { type: 'reset', id: 1, code: 'origin_invalid' }]);
    agent.receive(data(1, 5), end(1), reset(1));
    expect(recorder.calls).toEqual(['data 50']);
    expect(agent.channel.ledger()).toMatchObject({ streams: [], heldBytes: 0 });
  });

  it('RESET of our own gives what was held back to the channel', () => {
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1));
    agent.receive(data(1, INITIAL_WINDOW_BYTES));
    agent.tick();
    stream.reset('origin_reset');
    expect(agent.tick()).toEqual([
      { type: 'reset', id: 1, code: 'origin_reset' },
      channelCredit(INITIAL_WINDOW_BYTES, INITIAL_WINDOW_BYTES),
    ]);
  });

  it('RESET after END is told: it means stop', () => {
    const gateway = new LoneChannel('gateway');
    const { recorder } = gateway.open(POST);
    gateway.receive(response(1), end(1), reset(1));
    expect(recorder.calls).toEqual(['response 200 with body', 'end', 'reset cancelled']);
    expect(gateway.channel.streamCount).toBe(0);
  });

  it('RESET with a number of a newer version reads as internal', () => {
    const gateway = new LoneChannel('gateway');
    const { recorder } = gateway.open(POST);
    gateway.channel.receive(hex('000002 06 00000001 7fff'));
    expect(recorder.calls).toEqual(['reset internal']);
  });

  it('RESET faster than allowed is a flood, and the allowance comes back with time', () => {
    const agent = new LoneChannel('agent');
    agent.receive(request(1, GET));
    const burst = encodeAll(...Array.from({ length: 1000 }, () => reset(1)));
    for (let n = 0; n < RESET_BURST / 1000; n += 1) agent.channel.receive(burst);
    expect(codeOf(() => agent.receive(reset(1)))).toBe('control_flood');
    agent.loop.nowMs += 1000;
    for (let n = 0; n < RESETS_PER_SECOND / 1000; n += 1) agent.channel.receive(burst);
    expect(codeOf(() => agent.receive(reset(1)))).toBe('control_flood');
  });

  it('close tells every stream once, sends nothing more and takes nothing more', () => {
    const gateway = new LoneChannel('gateway');
    const first = gateway.open(POST);
    const second = gateway.open(GET);
    gateway.channel.close('peer_silent');
    gateway.channel.close('wire_closed');
    expect([...first.recorder.calls, ...second.recorder.calls]).toEqual([
      'reset peer_silent',
      'reset peer_silent',
    ]);
    first.stream.write(Buffer.from('x'));
    first.stream.reset('cancelled');
    gateway.receive(response(2, false), channelCredit(1, 1));
    expect(gateway.tick()).toEqual([]);
    gateway.channel.onWireDrained();
    expect(gateway.loop.isIdle).toBe(true);
    expect(second.recorder.calls).toEqual(['reset peer_silent']);
    expect(gateway.channel.ledger()).toMatchObject({ streams: [], spareBytes: SPARE_WINDOW_BYTES });
  });

  it('close called again by a stream that is told of it changes nothing for the others', () => {
    const gateway = new LoneChannel('gateway');
    const first = gateway.open(GET);
    const second = gateway.open(GET);
    first.recorder.onCall = () => gateway.channel.close('wire_closed');
    gateway.channel.close('peer_silent');
    expect([...first.recorder.calls, ...second.recorder.calls]).toEqual([
      'reset peer_silent',
      'reset peer_silent',
    ]);
  });

  it('a stream that another one resets while the channel closes is not told again', () => {
    const gateway = new LoneChannel('gateway');
    const first = gateway.open(GET);
    const second = gateway.open(GET);
    first.recorder.onCall = () => second.stream.reset('cancelled');
    gateway.channel.close('wire_closed');
    expect(first.recorder.calls).toEqual(['reset wire_closed']);
    expect(second.recorder.calls).toEqual([]);
  });

  it('a channel closed in the middle of a message accepts none of its later streams', () => {
    const agent = new LoneChannel('agent');
    const { recorder } = agent.admit(request(1));
    recorder.onCall = () => agent.channel.close('stopped');
    agent.receive(data(1, 1), request(2), data(2, 5), data(1, 70_000 - 5_000), end(2));
    expect(agent.accepted).toHaveLength(1);
    expect(recorder.calls).toEqual(['data 1', 'reset stopped']);
    expect(agent.channel.streamCount).toBe(0);
    expect(agent.tick()).toEqual([]);
  });
});

describe('a closed stream', () => {
  it('ignores its late frames but returns their DATA as channel credit', () => {
    const gateway = new LoneChannel('gateway');
    const { stream, recorder } = gateway.open(GET);
    stream.reset('cancelled');
    gateway.tick();
    gateway.receive(inform(1), response(1), data(1, 65_536), end(1), stop(1), credit(1, 5), reset(1));
    expect(recorder.calls).toEqual([]);
    expect(gateway.tick()).toEqual([channelCredit(65_536, 65_536)]);
    expect(gateway.channel.ledger().heldBytes).toBe(0);
  });

  it('does nothing, whatever is called', () => {
    const agent = new LoneChannel('agent');
    const { stream, recorder } = agent.admit(request(1));
    stream.reset('internal');
    agent.tick();
    stream.inform(EARLY_HINTS);
    stream.respond(OK, true);
    expect(stream.write(Buffer.alloc(100_000))).toBe(true);
    stream.end();
    stream.consume(1);
    stream.want();
    stream.stop();
    stream.reset('internal');
    expect(agent.tick()).toEqual([]);
    expect(recorder.calls).toEqual([]);
    expect(agent.channel.ledger().streams).toEqual([]);
  });

  it('whose last bytes wait to be consumed keeps its place and its window until then', () => {
    const gateway = new LoneChannel('gateway');
    const streams = Array.from({ length: MAX_STREAMS }, () => gateway.open(GET).stream);
    const finished = streams[0];
    const spareBytes = gateway.channel.ledger().spareBytes;
    gateway.receive(response(1), data(1, 100), end(1));
    expect(gateway.channel.streamCount).toBe(MAX_STREAMS - 1);
    expect(codeOf(() => gateway.open(GET))).toBe('overloaded');
    finished?.consume(60);
    expect(codeOf(() => gateway.open(GET))).toBe('overloaded');
    expect(gateway.channel.ledger().spareBytes).toBe(spareBytes);
    finished?.consume(40);
    finished?.consume(0);
    expect(gateway.channel.ledger().spareBytes).toBe(spareBytes + INITIAL_WINDOW_BYTES - FLOOR_WINDOW_BYTES);
    expect(codeOf(() => gateway.open(GET))).toBe('no error');
    expect(codeOf(() => gateway.open(GET))).toBe('overloaded');
  });

  it('in one direction, its bytes consumed, keeps its window until the other one ends as well', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(POST);
    const { spareBytes } = gateway.channel.ledger();
    gateway.receive(response(1), data(1, 100), end(1));
    stream.consume(100);
    expect(gateway.channel.ledger()).toMatchObject({ heldBytes: 0, spareBytes });
    stream.end();
    gateway.tick();
    expect(gateway.channel.ledger()).toMatchObject({ streams: [], spareBytes: SPARE_WINDOW_BYTES });
  });

  it('gives up what it still holds when it is reset', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(GET);
    gateway.receive(response(1), data(1, 65_536), end(1));
    gateway.tick();
    expect(gateway.channel.ledger()).toMatchObject({ streams: [], heldBytes: 65_536 });
    stream.reset('cancelled');
    expect(gateway.channel.ledger()).toMatchObject({ heldBytes: 0, spareBytes: SPARE_WINDOW_BYTES });
    expect(gateway.tick()).toEqual([channelCredit(65_536, 65_536)]);
  });

  it('never grows the window it gave back', () => {
    const gateway = new LoneChannel('gateway');
    for (let n = 0; n < 3; n += 1) {
      const { stream } = gateway.open(GET);
      gateway.receive(response(stream.id), data(stream.id, INITIAL_WINDOW_BYTES), end(stream.id));
      stream.consume(INITIAL_WINDOW_BYTES);
    }
    expect(gateway.channel.ledger()).toMatchObject({ heldBytes: 0, spareBytes: SPARE_WINDOW_BYTES });
  });

  it('slow visitors of finished answers never starve a new stream', () => {
    const gateway = new LoneChannel('gateway');
    let accepted = 0;
    while (codeOf(() => gateway.open(GET)) === 'no error') {
      const id = gateway.channel.highestStreamId;
      const windowBytes =
        gateway.channel.ledger().streams.find((stream) => stream.id === id)?.windowBytes ?? 0;
      gateway.receive(response(id), data(id, windowBytes), end(id));
      accepted += 1;
      if (accepted % 64 === 0) gateway.tick();
    }
    expect(accepted).toBe(MAX_STREAMS);
    expect(gateway.channel.ledger().heldBytes).toBeLessThanOrEqual(CHANNEL_WINDOW_BYTES);
  });
});

describe('a peer that breaks a rule', () => {
  it.each([
    ['RESPONSE', response(2)],
    ['INFORM', inform(2)],
    ['DATA', data(2, 1)],
    ['END', end(2)],
    ['RESET', reset(2)],
    ['STOP', stop(2)],
    ['CREDIT', credit(2, 1)],
  ])('is told of an unknown stream for %s above the highest id', (_name, frame) => {
    const gateway = new LoneChannel('gateway');
    gateway.open(POST);
    expect(codeOf(() => gateway.receive(frame))).toBe('unknown_stream');
    const agent = new LoneChannel('agent');
    agent.receive(request(1));
    expect(codeOf(() => agent.receive(frame))).toBe('unknown_stream');
  });

  it('may not open a stream at the gateway', () => {
    const gateway = new LoneChannel('gateway');
    expect(codeOf(() => gateway.receive(request(1)))).toBe('protocol_error');
    expect(gateway.channel.streamCount).toBe(0);
  });

  it('may not use an id twice, nor one below the highest, but may leave some out', () => {
    const agent = new LoneChannel('agent');
    agent.receive(request(5));
    expect(agent.channel.highestStreamId).toBe(5);
    expect(codeOf(() => agent.receive(request(5)))).toBe('protocol_error');
    expect(codeOf(() => agent.receive(request(4)))).toBe('protocol_error');
    expect(codeOf(() => agent.receive(data(4, 1), request(6)))).toBe('no error');
    expect(codeOf(() => agent.receive(request(MAX_STREAM_ID)))).toBe('no error');
    expect(agent.accepted.map(({ stream }) => stream.id)).toEqual([5, 6, MAX_STREAM_ID]);
  });

  it('may not open more streams than allowed', () => {
    const agent = new LoneChannel('agent');
    for (let id = 1; id <= MAX_STREAMS; id += 1) agent.receive(request(id, GET));
    expect(codeOf(() => agent.receive(request(MAX_STREAMS + 1, GET)))).toBe('protocol_error');
    expect(agent.channel.streamCount).toBe(MAX_STREAMS);
  });

  it.each(['request', 'response'] as const)(
    'may not give the %s a larger implicit window than the initial one',
    (which) => {
      const agent = new LoneChannel('agent');
      expect(codeOf(() => agent.receive(request(1, POST, { [which]: INITIAL_WINDOW_BYTES })))).toBe(
        'no error',
      );
      expect(codeOf(() => agent.receive(request(2, POST, { [which]: INITIAL_WINDOW_BYTES + 1 })))).toBe(
        'protocol_error',
      );
    },
  );

  it('may not send DATA, END or a second head out of place at the gateway', () => {
    const attempts: Frame[][] = [
      [data(1, 1)],
      [end(1)],
      [response(1), response(1)],
      [response(1), inform(1)],
      [response(1), end(1), data(1, 1)],
      [response(1), end(1), end(1)],
      [response(1, false), data(1, 1)],
      [response(1, false), end(1)],
      [response(1, false), response(1)],
    ];
    for (const frames of attempts) {
      const gateway = new LoneChannel('gateway');
      gateway.open(POST);
      expect(codeOf(() => gateway.receive(...frames))).toBe('protocol_error');
    }
  });

  it('may not send DATA, END or heads out of place at the agent', () => {
    const attempts: Frame[][] = [
      [request(1, GET), data(1, 1)],
      [request(1, GET), end(1)],
      [request(1), response(1)],
      [request(1), inform(1)],
      [request(1), end(1), data(1, 1)],
      [request(1), end(1), end(1)],
    ];
    for (const frames of attempts) {
      const agent = new LoneChannel('agent');
      expect(codeOf(() => agent.receive(...frames))).toBe('protocol_error');
    }
  });

  it.each<[string, 'gateway' | 'agent', Frame[]]>([
    ['only the gateway opens streams', 'gateway', [request(2)]],
    ['a response head out of place', 'gateway', [response(1), response(1)]],
    ['a 1xx out of place', 'gateway', [response(1), inform(1)]],
    ['DATA out of place', 'gateway', [data(1, 1)]],
    ['END out of place', 'gateway', [end(1)]],
    ['stream 1 was opened before', 'agent', [request(1), request(1)]],
    ['an implicit window is too large', 'agent', [request(1, POST, { request: INITIAL_WINDOW_BYTES + 1 })]],
    [
      'too many streams',
      'agent',
      Array.from({ length: MAX_STREAMS + 1 }, (_, n) => request(n + 1, { ...GET, headers: [] })),
    ],
  ])('is named with what it did, for the log: %s', (says, role, frames) => {
    const channel = new LoneChannel(role);
    if (role === 'gateway') channel.open(POST);
    expect(() => frames.forEach((frame) => channel.receive(frame))).toThrow(says);
  });

  it('may send a bounded number of 1xx', () => {
    const gateway = new LoneChannel('gateway');
    const { recorder } = gateway.open(GET);
    gateway.receive(...Array.from({ length: MAX_INFORMS }, () => inform(1)));
    expect(recorder.calls).toHaveLength(MAX_INFORMS);
    expect(codeOf(() => gateway.receive(inform(1)))).toBe('protocol_error');
    expect(recorder.calls).toHaveLength(MAX_INFORMS);
  });

  it('may not send a message above the limit', () => {
    const gateway = new LoneChannel('gateway');
    expect(codeOf(() => gateway.channel.receive(Buffer.alloc(MAX_BINARY_MESSAGE_BYTES + 1)))).toBe(
      'message_too_large',
    );
    const stops = Buffer.concat(
      Array.from({ length: MAX_BINARY_MESSAGE_BYTES / 8 }, () => hex('000000 07 00000001')),
    );
    expect(stops.length).toBe(MAX_BINARY_MESSAGE_BYTES);
    gateway.open(GET);
    expect(codeOf(() => gateway.channel.receive(stops))).toBe('no error');
  });

  it('may spend a stream’s credit to the last byte and not one more', () => {
    const gateway = new LoneChannel('gateway');
    const { recorder } = gateway.open(GET);
    gateway.receive(response(1), data(1, 65_535), data(1, 1), data(1, 0));
    expect(codeOf(() => gateway.receive(data(1, 1)))).toBe('credit_overdrawn');
    expect(recorder.body).toHaveLength(65_536);

    const agent = new LoneChannel('agent');
    agent.receive(request(1, POST, { request: 100 }));
    expect(codeOf(() => agent.receive(data(1, 101)))).toBe('credit_overdrawn');
    expect(codeOf(() => agent.receive(data(1, 100)))).toBe('no error');
  });

  it('may spend the channel’s credit to the last byte and not one more', () => {
    const gateway = new LoneChannel('gateway');
    const late = gateway.open(GET).stream;
    late.reset('cancelled');
    for (let n = 0; n < MAX_STREAMS; n += 1) gateway.open(GET);
    for (const { id, windowBytes } of gateway.channel.ledger().streams) {
      gateway.channel.receive(encodeAll(response(id), data(id, windowBytes)));
    }
    const leftBytes = CHANNEL_WINDOW_BYTES - gateway.channel.ledger().heldBytes;
    expect(leftBytes).toBe(8192);
    expect(codeOf(() => gateway.receive(data(late.id, leftBytes + 1)))).toBe('credit_overdrawn');
    expect(codeOf(() => gateway.receive(data(late.id, leftBytes)))).toBe('no error');
  });

  it('may not claim that more arrived than was sent', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(POST);
    stream.write(Buffer.alloc(1000));
    gateway.tick();
    expect(gateway.channel.ledger().aheadBytes).toBe(1000);
    expect(codeOf(() => gateway.receive(channelCredit(0, 1001)))).toBe('protocol_error');
    expect(codeOf(() => gateway.receive(channelCredit(0, 400)))).toBe('no error');
    expect(gateway.channel.ledger().aheadBytes).toBe(600);
    expect(codeOf(() => gateway.receive(channelCredit(0, 399)))).toBe('protocol_error');
    expect(codeOf(() => gateway.receive(channelCredit(0, 1000)))).toBe('no error');
  });

  it('may not grant more than can be counted', () => {
    const gateway = new LoneChannel('gateway');
    gateway.open(POST);
    expect(codeOf(() => gateway.receive(credit(1, 0x7fff_ffff - 65_536)))).toBe('no error');
    expect(codeOf(() => gateway.receive(credit(1, 1)))).toBe('protocol_error');
    expect(codeOf(() => gateway.receive(channelCredit(0x7fff_ffff - CHANNEL_WINDOW_BYTES, 0)))).toBe(
      'no error',
    );
    expect(codeOf(() => gateway.receive(channelCredit(1, 0)))).toBe('protocol_error');
  });
});

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

describe('a channel that drains', () => {
  it('is asked to: one that is not has nothing to do when its last stream ends', () => {
    const gateway = new LoneChannel('gateway');
    gateway.open(GET);
    gateway.tick();
    gateway.receive(response(1, false));
    expect([gateway.channel.streamCount, gateway.loop.isIdle]).toEqual([0, true]);
  });

  it('opens nothing more, lets what runs finish, and tells once when nothing is left', () => {
    const gateway = new LoneChannel('gateway');
    const first = gateway.open(POST).stream;
    gateway.open(GET);
    let idle = 0;
    gateway.channel.drain(() => (idle += 1));
    expect(codeOf(() => gateway.open(GET))).toBe('tunnel_lost');
    gateway.receive(response(2, false));
    gateway.tick();
    expect(idle).toBe(0);
    gateway.receive(response(1), end(1));
    first.end();
    gateway.tick();
    expect(gateway.wire.messages.flatMap((message) => decode(message)).at(-1)).toEqual(end(1));
    expect(idle).toBe(1);
  });

  it('that has nothing running is told so, but not from inside the call', () => {
    const gateway = new LoneChannel('gateway');
    let idle = 0;
    gateway.channel.drain(() => (idle += 1));
    expect(idle).toBe(0);
    gateway.tick();
    expect(idle).toBe(1);
  });

  it('is told once, even when streams that were under way still come', () => {
    const agent = new LoneChannel('agent', (stream) => stream.reset('mapping_gone'));
    let idle = 0;
    agent.channel.drain(() => (idle += 1));
    agent.receive(request(1, GET));
    agent.tick();
    agent.receive(request(2, GET));
    agent.tick();
    expect(idle).toBe(1);
  });

  it('is not told while a stream runs that came in the same tick', () => {
    const agent = new LoneChannel('agent');
    let idle = 0;
    agent.channel.drain(() => (idle += 1));
    const { stream } = agent.admit(request(1, GET));
    agent.tick();
    expect(idle).toBe(0);
    stream.respond(OK, false);
    agent.tick();
    expect(idle).toBe(1);
  });

  it('and is closed before that is told nothing', () => {
    const gateway = new LoneChannel('gateway');
    gateway.open(GET);
    let idle = 0;
    gateway.channel.drain(() => (idle += 1));
    gateway.channel.close('wire_closed');
    gateway.tick();
    expect(idle).toBe(0);
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
