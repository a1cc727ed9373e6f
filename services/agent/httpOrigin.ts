// The real origins: asked by Node's own HTTP client, the one client that has a single path for upgrades, 1xx, Expect and trailers.

import { request as requestHttp, type ClientRequest, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { TunnelError, toTunnelError } from '../../protocol/errors.ts';
import type { Log } from '../log.ts';
import { HttpExchange, type ExchangeObserver } from './httpExchange.ts';
import { createAddressGuard, type Resolver } from './originAddress.ts';
import type { OriginDispatcher, OriginExchange, OriginHandler, OriginRequest } from './originDispatcher.ts';
import { requestLines } from './originHead.ts';
import { createOriginPool } from './originPool.ts';

export interface HttpOriginOptions {
  /** Addresses or CIDRs that are allowed although they are cloud metadata, link-local or the agent's own port. */
  readonly allowedTargets: readonly string[];
  /** The ports that the agent listens on now. */
  readonly ownPorts: () => readonly number[];
  readonly log: Pick<Log, 'debug'>;
  /** Told of the connection that a request runs on, perhaps not as its first. */
  readonly onSocket?: ((socket: Socket) => void) | undefined;
  /** Default: the system's. */
  readonly resolver?: Resolver | undefined;
}

export interface HttpOrigin extends OriginDispatcher {
  /** Ends every connection, idle, busy or upgraded; requests under way fail, later ones are refused. */
  close(): void;
}

/** Names and values of a response head, together. Raised: one no longer fits a frame; lowered: origins with huge cookies or policies fail. */
const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;

/** When an idle connection is first asked whether the origin still exists. Raised: a dead one is held for longer. */
const PROBE_AFTER_MS = 30_000;

/** Throws when an allowed target is neither an address nor a CIDR. */
export function createHttpOrigin({
  allowedTargets,
  ownPorts,
  log,
  onSocket,
  resolver,
}: HttpOriginOptions): HttpOrigin {
  const guard = createAddressGuard(allowedTargets, ownPorts, resolver);
  const pool = createOriginPool();
  let isClosed = false;

  function open(request: OriginRequest): ClientRequest {
    if (isClosed) throw new TunnelError('origin_unreachable', 'the agent is stopping');
    requireSendable(request);
    const { protocol, port, serverName } = request.target;
    const host = request.target.host.replace(/^\[(.*)\]$/, '$1');
    const refusal = guard.refusalOf(host, port);
    if (refusal !== undefined) throw refusal;
    const options = {
      agent: pool.agentFor(request.target, request.isFreshConnection || request.isUpgrade),
      host,
      port,
      method: request.method,
      path: request.path,
      headers: requestLines(request),
      setDefaultHeaders: false,
      setHost: false,
      maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
      lookup: guard.lookupFor(port),
      allowHalfOpen: request.isUpgrade,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
      servername: isIP(serverName) === 0 ? serverName : '',
    } satisfies RequestOptions & Record<string, unknown>;
    try {
      return protocol === 'https' ? requestHttps(options) : requestHttp(options);
    } catch (thrown) {
      // Node refuses bytes that would break the head apart: no honest visitor sends them.
      throw new TunnelError('bad_request', thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** What failed inside is for our logs alone: a visitor learns the code. */
  function observing({ target: { host, port } }: OriginRequest): ExchangeObserver {
    return {
      onSocket: (socket) => {
        pool.track(socket);
        onSocket?.(socket);
      },
      onFailed: (failure) => log.debug({ host, port, ...failure }, 'An origin failed.'),
    };
  }

  return {
    dispatch(request, handler) {
      const observer = observing(request);
      try {
        return new HttpExchange(request, handler, open(request), observer);
      } catch (thrown) {
        const failure = toTunnelError(thrown);
        observer.onFailed({ code: failure.code, detail: failure.message });
        return refuse(failure, handler);
      }
    },
    close() {
      isClosed = true;
      pool.close();
    },
  };
}

/** Node writes methods in capitals, and CONNECT is no request to an origin. */
function requireSendable({ method }: OriginRequest): void {
  if (method === 'CONNECT' || method !== method.toUpperCase())
    throw new TunnelError('bad_request', `method ${method}`);
}

/** An exchange that never began. */
function refuse({ code, message }: TunnelError, handler: OriginHandler): OriginExchange {
  let isOver = false;
  process.nextTick(() => {
    if (isOver) return;
    isOver = true;
    handler.onFailed(code, message, false);
  });
  const ignore = () => {};
  const abort = () => {
    isOver = true;
  };
  return { write: () => true, end: ignore, pause: ignore, resume: ignore, abort };
}
