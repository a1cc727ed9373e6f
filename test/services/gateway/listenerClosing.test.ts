// Owns the tests of how the listener ends, and of a port that it cannot have.

import { describe, expect, it } from 'vitest';
import { RawClient, valuesIn } from '../../support/rawClient.ts';
import { openEdge } from '../../support/publicEdge.ts';
import { get, openReplying, openStaged } from './listenerStage.ts';

describe('closing the listener', () => {
  it('still answers the first request of a connection that was made just before', async () => {
    const edge = await openStaged();
    const early = await edge.connect();
    const busy = await edge.connect();
    busy.send(get());
    const running = await edge.request();
    const closed = edge.listener.close(5_000);
    const heard = edge.listener.firstRequests();
    early.send(get());
    (await edge.request(1)).reply('in time');
    const answer = await early.answer();
    expect([answer.body, valuesIn(answer, 'Connection')]).toEqual(['in time', ['close']]);
    await heard;
    running.reply('last');
    early.close();
    busy.close();
    await closed;
  });

  it('has nobody to wait for when every connection has spoken', async () => {
    const edge = await openReplying();
    const client = await edge.connect();
    client.send(get());
    await client.answer();
    const closed = edge.listener.close(5_000);
    await edge.listener.firstRequests();
    expect((await client.rest()).ending).toBe('fin');
    client.close();
    await closed;
  });

  it('waits for what runs, answers it, and ends every connection', async () => {
    const edge = await openStaged();
    const idle = await edge.connect();
    const busy = await edge.connect();
    busy.send(get());
    const relayed = await edge.request();
    const closed = edge.listener.close(5_000);
    expect((await idle.rest()).ending).toBe('fin');
    relayed.reply('last');
    const answer = await busy.answer();
    expect([answer.body, valuesIn(answer, 'Connection')]).toEqual(['last', ['close']]);
    idle.close();
    busy.close();
    await closed;
    await expect(RawClient.connect(edge.port)).rejects.toThrow();
  });

  it('breaks off what does not end in time, and tells its relay', async () => {
    const edge = await openStaged();
    const client = await edge.connect();
    client.send(get());
    const relayed = await edge.request();
    await edge.listener.close(10);
    await relayed.closed();
    expect((await client.rest()).bytes).toBe('');
  });

  it('reports a port that is taken', async () => {
    const edge = await openReplying();
    await expect(openEdge(() => {}, { port: edge.port })).rejects.toThrow('EADDRINUSE');
  });
});
