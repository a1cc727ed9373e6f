// Owns the test of a tunnel that has used up its stream numbers: 2³² in life, three here.

import { expect, test, vi } from 'vitest';
import { POST } from '../../protocol/frames.ts';
import { Recorder } from '../../protocol/wirePair.ts';
import { mappingsOf, tunnelsStage } from './tunnelsStage.ts';

vi.mock('../../../protocol/limits.ts', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  MAX_STREAM_ID: 3,
}));

test('the last stream that a wire can name is served, and the agent is asked to dial another', () => {
  const { clock, played, tunnels, serving } = tunnelsStage();
  const agent = played('192.0.2.8');
  agent.auth();
  clock.runFor(10);
  agent.sync(1, mappingsOf(['a']));
  const recorders = [1, 2, 3].map((id) => {
    expect([serving('a'), agent.last('goaway')]).toEqual([1, undefined]);
    const recorder = new Recorder();
    expect(tunnels.open(1, POST, () => recorder).id).toBe(id);
    return recorder;
  });
  expect([serving('a'), agent.last('goaway')]).toMatchObject(['lost', { lastStreamId: 3 }]);
  clock.runFor(10);
  expect(recorders.map(({ calls }) => calls)).toEqual([[], [], []]);
});
