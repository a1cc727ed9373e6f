// Everything that is told on the bus: `subject.happened`, and what it says.

import type { RelayOutcome } from '../machines/relay.ts';
import type { RequestLogEntry } from '../protocol/api/logs.ts';
import type { ErrorCode } from '../protocol/errors.ts';

interface Facts {
  /** A visitor's request is over, as seen from this end. */
  'relay.finished': {
    readonly requestId: string;
    readonly mappingId: string | null;
    readonly method: string;
    /** Path without the query, which may hold secrets. */
    readonly path: string;
    readonly visitorAddress: string;
    /** The status the visitor got; null when it got none. */
    readonly status: number | null;
    readonly outcome: RelayOutcome;
    /** From the request's arrival at this end to its end. */
    readonly durationMs: number;
    /** From the same arrival to the head of the answer; null when there was none, or nobody noted it. */
    readonly firstByteMs: number | null;
    /** Body bytes from and to the visitor. */
    readonly bytesIn: number;
    readonly bytesOut: number;
  };
  /** A request has become a row of the request log: it waits to be written. */
  'request.logged': { readonly row: RequestLogEntry };
  /** An edit of a mapping is on disk. */
  'mapping.saved': {
    readonly mappingId: string;
    readonly revision: number;
    readonly change: 'saved' | 'removed';
  };
  /** Many mappings were edited together: how many were saved, and how many removed. */
  'mappings.edited': { readonly revision: number; readonly saved: number; readonly removed: number };
  /** A tunnel came, changed or went. */
  'tunnel.changed': {
    readonly tunnel: string;
    readonly state: 'online' | 'offline';
    readonly code: ErrorCode | null;
    readonly detail: string;
  };
  /** Caddy serves a mapping's name from now on. */
  'route.applied': {
    readonly agentId: string;
    /** Of a route that was there before the gateway: its name and port, until its agent has spoken. */
    readonly mappingId: string;
    readonly domain: string;
    readonly port: number;
  };
  /** Visitors of a name are shown another certificate than before, or its lack has another reason. */
  'certificate.changed': {
    readonly domain: string;
    readonly port: number;
    /** Null: it is not served by TLS. */
    readonly state: 'pending' | 'issued' | 'failed' | null;
    readonly reason: string;
  };
  /** Somebody dialled and was not let in. */
  'tunnel.refused': { readonly address: string; readonly code: ErrorCode };
}

export type FactType = keyof Facts;
export type Fact<T extends FactType> = { readonly type: T } & Facts[T];
export type AnyFact = { [T in FactType]: Fact<T> }[FactType];
