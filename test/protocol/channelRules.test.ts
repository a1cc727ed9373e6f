// What a peer must not do, and that the wire ends when it does: the test plays the peer.

import { describe, expect, it } from 'vitest';
import {
  CHANNEL_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_BINARY_MESSAGE_BYTES,
  MAX_INFORMS,
  MAX_STREAMS,
  MAX_STREAM_ID,
} from '../../protocol/limits.ts';
import {
  GET,
  POST,
  channelCredit,
  credit,
  data,
  encodeAll,
  end,
  hex,
  inform,
  request,
  reset,
  response,
  stop,
  type Frame,
} from './frames.ts';
import { LoneChannel, codeOf } from './wirePair.ts';

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
