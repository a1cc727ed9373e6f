// Load by HTTP/2 over TLS from visitors who each have one connection at a time: how every request ended.

import { Http2Visitor, type Http2Target, type Outcome } from './http2Visitor.ts';

export interface Http2Load {
  /** How many requests ended how. */
  readonly outcomes: ReadonlyMap<Outcome, number>;
  /** Requests that were sent again as they had not been processed. */
  readonly repeated: number;
  readonly sessions: number;
  stop(): Promise<void>;
}

/** So many connections, each with so many requests at any time. */
export function startHttp2Load(target: Http2Target, connections: number, streams: number): Http2Load {
  const outcomes = new Map<Outcome, number>();
  const visitors = Array.from({ length: connections }, () => new Http2Visitor(target));
  let repeated = 0;
  let isOn = true;
  const lane = async (visitor: Http2Visitor) => {
    while (isOn) {
      const outcome = await visitor.getSmall(() => (repeated += 1));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  const running = visitors.flatMap((visitor) => Array.from({ length: streams }, () => lane(visitor)));
  return {
    outcomes,
    get repeated() {
      return repeated;
    },
    get sessions() {
      return visitors.reduce((sum, visitor) => sum + visitor.sessions, 0);
    },
    async stop() {
      isOn = false;
      await Promise.all(running);
      for (const visitor of visitors) visitor.close();
    },
  };
}
