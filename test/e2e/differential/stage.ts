// The two ways an exchange can go: directly to the origin, and through a tunnel of real processes to its twin.

import { startRig, type Rig } from '../../support/rig.ts';
import type { RawOrigin } from '../../support/rawOrigin.ts';
import { compare, type Pair, type Verdict } from './comparison.ts';
import type { Exchange } from './exchange.ts';
import { HOST } from './exchanges.ts';
import { Meeting } from './meeting.ts';
import { openScriptedOrigin } from './scriptedOrigin.ts';
import { sightOf, type Sight } from './views.ts';
import { visit, type AnswerEnding } from './visitor.ts';

export interface Compared extends Pair {
  readonly verdict: Verdict;
}

export interface Stage {
  /** Makes the exchange both ways. */
  play(exchange: Exchange): Promise<Compared>;
  stop(): Promise<void>;
}

/** Where visitors go, and the origin at the end of it. */
interface Way {
  readonly port: number;
  readonly meetings: Map<string, Meeting>;
}

export async function openStage(): Promise<Stage> {
  const meetings = { direct: new Map<string, Meeting>(), tunnel: new Map<string, Meeting>() };
  const near = await openScriptedOrigin((id) => meetings.direct.get(id));
  const far = await openScriptedOrigin((id) => meetings.tunnel.get(id));
  const rig = await startRig({
    maps: [`${HOST}=http://127.0.0.1:${far.port}`],
    env: { OCTOPORTY_LOG_LEVEL: 'warn' },
  });
  const direct: Way = { port: near.port, meetings: meetings.direct };
  const tunnel: Way = { port: rig.gatewayPort, meetings: meetings.tunnel };
  let played = 0;
  return {
    async play(exchange) {
      played += 1;
      const id = String(played);
      const [first, second] = await Promise.all([go(direct, exchange, id), go(tunnel, exchange, id)]);
      const pair = { exchange, direct: first, tunnel: second };
      return { ...pair, verdict: compare(pair) };
    },
    stop: () => stop(rig, [near, far]),
  };
}

async function go({ port, meetings }: Way, exchange: Exchange, id: string): Promise<Sight> {
  const meeting = new Meeting(exchange);
  meetings.set(id, meeting);
  let ending: AnswerEnding = 'none';
  try {
    ending = await visit(port, meeting, id);
    await meeting.until('the origin is done', () => meeting.played === meeting.attempts.length);
  } catch (error) {
    meeting.troubles.push(String(error));
  } finally {
    meetings.delete(id);
  }
  return sightOf(meeting, ending);
}

async function stop(rig: Rig, origins: readonly RawOrigin[]): Promise<void> {
  await rig.stop();
  await Promise.all(origins.map((origin) => origin.close()));
}
