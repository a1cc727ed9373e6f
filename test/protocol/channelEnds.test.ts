// How a stream ends before its time, what comes for one that is closed, and how a channel drains: the test plays the peer.

import { describe, expect, it } from 'vitest';
import {
  CHANNEL_WINDOW_BYTES,
  FLOOR_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_STREAMS,
  RESETS_PER_SECOND,
  RESET_BURST,
  SPARE_WINDOW_BYTES,
} from '../../protocol/limits.ts';
import {
  EARLY_HINTS,
  GET,
  OK,
  POST,
  channelCredit,
  credit,
  data,
  decode,
  encodeAll,
  end,
  hex,
  inform,
  request,
  reset,
  response,
  stop,
} from './frames.ts';
import { LoneChannel, codeOf } from './wirePair.ts';

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
