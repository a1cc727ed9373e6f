// Connects through an HTTP proxy (CONNECT, RFC 9110 §9.3.6), and tells its failures from those of what is behind it.

import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { TunnelError, type ErrorCode } from '../../protocol/errors.ts';
import { decoded } from '../config/logins.ts';
import { errnoOf } from './originErrors.ts';

export interface ProxyTarget {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A proxy that takes longer is not there. Raised: dials that were given up hold their sockets for longer. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The proxy does not let us through; `detail` says how that was seen. */
export class ProxyError extends TunnelError {
  readonly detail: string;

  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(code, detail, options);
    this.detail = detail;
  }
}

/**
 * A connection to the target, byte for byte; `done` is told a ProxyError when there is none. Never from inside the call.
 * Whoever gives up before it is there aborts the signal.
 */
export function connectThrough(
  proxyUrl: string,
  { host, port }: ProxyTarget,
  done: (error: ProxyError | null, socket?: Socket) => void,
  signal?: AbortSignal,
): void {
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const asked = ask(new URL(proxyUrl), place, signal);
  const late = () => asked.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`));
  const timer = setTimeout(late, CONNECT_TIMEOUT_MS);
  asked.once('connect', (answer: IncomingMessage, socket: Socket, first: Buffer) => {
    clearTimeout(timer);
    const refusal = refusalOf(answer.statusCode ?? 0);
    if (refusal !== null) {
      socket.destroy();
      done(refusal);
      return;
    }
    if (first.length > 0) socket.unshift(first);
    done(null, socket);
  });
  asked.once('error', (error) => {
    clearTimeout(timer);
    done(new ProxyError('proxy_unreachable', errnoOf(error) || error.message, { cause: error }));
  });
  asked.end();
}

/** Whether the proxy has let the connection through: any status of success counts. */
function refusalOf(status: number): ProxyError | null {
  if (status >= 200 && status <= 299) return null;
  // tinyproxy says 407 to whoever shows no login, and 401 to a wrong one.
  if (status === 407 || status === 401)
    return new ProxyError('proxy_login_failed', `the proxy answers status ${status}`);
  // It has tried and failed: then the gateway is not there, or not to be found from there.
  if (status >= 500) return new ProxyError('dial_failed', `the proxy answers status ${status}`);
  return new ProxyError('proxy_refused', `the proxy answers status ${status}`);
}

function ask(proxy: URL, place: string, signal: AbortSignal | undefined): ClientRequest {
  const login = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  return (proxy.protocol === 'https:' ? requestHttps : requestHttp)({
    host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: proxy.port,
    method: 'CONNECT',
    path: place,
    headers: { Host: place, ...(login === ':' ? {} : { 'Proxy-Authorization': authorization }) },
    agent: false,
    ...(signal === undefined ? {} : { signal }),
  });
}
