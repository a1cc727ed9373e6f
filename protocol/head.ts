// Request and response heads as they cross the wire.

/** Names and values in turn, as sent: order, case, duplicates and obs-text (as latin1) survive. */
export type FlatHeaders = readonly string[];

export interface RequestHead {
  /** UUID of the mapping, as the agent told it in a revision. The target behind it never crosses the wire. */
  readonly mappingId: string;
  /** The revision the gateway routed by. */
  readonly revision: number;
  /** The visitor's address, for the agent's request log. */
  readonly visitorAddress: string;
  /** Shown to the visitor on an error page and written to both logs. */
  readonly requestId: string;
  readonly method: string;
  readonly target: string;
  readonly headers: FlatHeaders;
  /** No DATA and no END follow. */
  readonly hasBody: boolean;
  /** The visitor asked to switch protocols: after a 101 both directions carry raw bytes. */
  readonly isUpgrade: boolean;
  /** The same request was sent once before on a wire that died: never repeat it again. */
  readonly isResent: boolean;
  /** The visitor waits for 100 Continue: the body's window starts at zero, the first credit asks for it. */
  readonly expectsContinue: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: FlatHeaders;
}

/** Methods that may be repeated when they have no body (safe by RFC 9110 §9.2.1, TRACE left out: it is no page). */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A request that may be sent twice without harm. */
export function isRepeatable(head: Pick<RequestHead, 'method' | 'hasBody' | 'isUpgrade'>): boolean {
  return SAFE_METHODS.has(head.method) && !head.hasBody && !head.isUpgrade;
}
