// What becomes of each connection and request at the public port: refused, answered by the gateway itself, or relayed.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../machines/clock.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Log } from '../log.ts';
import type { Forwarding } from './forwarded.ts';
import type { Visitor, VisitorHandler, VisitorRequest } from './visitor.ts';
import { TUNNEL_PATH } from '../../protocol/control.ts';
import { endToEndHeaders, keepHeaders, membersOf } from '../../protocol/headers.ts';
import { Answer } from './answer.ts';
import { isGatewayPath } from './gatewayPaths.ts';
import { HttpVisitor, SILENT } from './httpVisitor.ts';
import { isLooselySpaced } from './requestLine.ts';
import { parseFailureOf, rawErrorAnswer, rawTimeoutAnswer } from './parseErrors.ts';
import {
  closesByTrailers,
  looksLikeUpgrade,
  readRequest,
  wantsUpgrade,
  type ReadRequest,
} from '../requestRules.ts';
import { UpgradeVisitor } from './upgradeVisitor.ts';
import { VisitorSocket, type Exchange } from './visitorSocket.ts';

export interface EdgeOptions {
  /** Takes over a request for a mapping, or for a name nobody knows. */
  serve(visitor: Visitor): VisitorHandler;
  /** Answers on the gateway's reserved paths. */
  own(req: IncomingMessage, res: ServerResponse): void;
  /** Takes over a WebSocket handshake on `/tunnel`, from this address as trusted proxies tell it. */
  upgradeOwn(req: IncomingMessage, socket: Socket, head: Buffer, address: string): void;
  /** True when a mapping owns the name: then no path on it is reserved. */
  isOwned(host: string): boolean;
  readonly forwarding: Forwarding;
  readonly log: Pick<Log, 'debug' | 'error'>;
  readonly clock: Clock;
}

export class Edge {
  private readonly options: EdgeOptions;
  private readonly sockets = new Map<Duplex, VisitorSocket>();
  private isDraining = false;

  constructor(options: EdgeOptions) {
    this.options = options;
  }

  attach(server: Server): void {
    const onRequest = (req: IncomingMessage, res: ServerResponse) => this.onRequest(req, res);
    server.on('connection', (socket) => this.onConnection(socket));
    server.on('request', onRequest);
    // Node would answer expectations by itself: they are the relay's to answer.
    server.on('checkContinue', onRequest);
    server.on('checkExpectation', onRequest);
    server.on('upgrade', (req, _socket, first) => this.onUpgrade(req, first));
    server.on('connect', (req) => this.onConnect(req));
    server.on('clientError', (error, socket) => this.onParseError(error, socket));
  }

  /** Behind an unfinished exchange an upgrade is ignored, as a server may: its bytes would mix with the answer's. */
  takesUpgrade(req: IncomingMessage): boolean {
    const visitorSocket = this.sockets.get(req.socket);
    const read = readRequest(req);
    if (visitorSocket?.isIdle !== true || visitorSocket.isOver || 'problem' in read) return false;
    if (isLooselySpaced(req)) return false;
    if (!wantsUpgrade(req, read) || this.options.forwarding.isLoop(req.rawHeaders)) return false;
    return !this.isReserved(read) || isTunnelHandshake(req, read);
  }

  /** A connection that is new may have its first request on the way. */
  get awaitsFirstRequests(): boolean {
    return [...this.sockets.values()].some(({ isNew }) => isNew);
  }

  /** Every answer from now on is the last on its connection; connections without a request end, new ones a little later. */
  drain(): void {
    this.isDraining = true;
    for (const visitorSocket of this.sockets.values()) visitorSocket.drain();
  }

  breakOff(): void {
    for (const socket of this.sockets.keys()) socket.destroy();
  }

  private onConnection(socket: Socket): void {
    const peer = this.options.forwarding.peerOf(socket.remoteAddress);
    this.sockets.set(socket, new VisitorSocket(socket, peer, this.options.clock));
    socket.once('close', () => this.sockets.delete(socket));
  }

  private onRequest(req: IncomingMessage, res: ServerResponse): void {
    const visitorSocket = this.sockets.get(req.socket);
    if (visitorSocket === undefined || visitorSocket.isOver) return;
    visitorSocket.take(this.exchangeOf(req, res, visitorSocket));
  }

  private exchangeOf(req: IncomingMessage, res: ServerResponse, visitorSocket: VisitorSocket): Exchange {
    const read = isLooselySpaced(req) ? { problem: 'blanks in the request line' } : readRequest(req);
    if ('problem' in read) {
      this.options.log.debug({ problem: read.problem }, 'A request was refused.');
      return refusedExchange(req, res, 'bad_request');
    }
    if (this.options.forwarding.isLoop(req.rawHeaders)) return refusedExchange(req, res, 'loop_detected');
    const mustClose = () => this.isDraining || looksLikeUpgrade(req) || closesByTrailers(req.rawTrailers);
    if (this.isReserved(read)) return this.ownExchange(req, res, read, mustClose);
    const request = this.requestOf(req, read, visitorSocket, false);
    return new HttpVisitor({ req, res, request, mustClose, serve: (visitor) => this.serve(visitor) });
  }

  private ownExchange(
    req: IncomingMessage,
    res: ServerResponse,
    { target, hasBody }: ReadRequest,
    mustClose: () => boolean,
  ): Exchange {
    return {
      res,
      isWhole: () => !hasBody || req.complete,
      begin: () => {
        req.url = target;
        if (mustClose()) res.shouldKeepAlive = false;
        if (hasBody && expectsContinue(req)) res.writeContinue();
        this.options.own(req, res);
      },
      refuse: () => req.socket.destroy(),
    };
  }

  private onUpgrade(req: IncomingMessage, first: Buffer): void {
    const visitorSocket = this.sockets.get(req.socket);
    const read = readRequest(req);
    if (visitorSocket === undefined || 'problem' in read) {
      req.socket.destroy();
      return;
    }
    visitorSocket.handOver();
    if (this.isReserved(read)) {
      visitorSocket.release();
      this.options.upgradeOwn(req, req.socket, first, this.requestOf(req, read, visitorSocket, true).address);
    } else {
      const request = this.requestOf(req, read, visitorSocket, true);
      new UpgradeVisitor({ req, visitorSocket, request, first, serve: (visitor) => this.serve(visitor) });
    }
  }

  private onConnect({ socket }: IncomingMessage): void {
    const visitorSocket = this.sockets.get(socket);
    if (visitorSocket?.isIdle !== true) socket.destroy();
    else visitorSocket.refuse('bad_request', () => rawErrorAnswer('bad_request'));
  }

  private onParseError(error: Error, socket: Duplex): void {
    const failure = parseFailureOf(error);
    const visitorSocket = this.sockets.get(socket);
    if (failure.kind === 'surplus') {
      // Most answers before it have said so; after any other, silence would keep the visitor waiting.
      visitorSocket?.drain();
      return;
    }
    if (visitorSocket === undefined || visitorSocket.isMute || failure.kind === 'gone') socket.destroy();
    else if (failure.kind === 'late') visitorSocket.refuse('bad_request', rawTimeoutAnswer);
    else {
      const { code } = failure;
      this.options.log.debug({ problem: error.message }, 'A request was refused.');
      visitorSocket.refuse(code, () => rawErrorAnswer(code));
    }
  }

  private isReserved({ host, target }: ReadRequest): boolean {
    return isGatewayPath(pathOf(target)) && !this.options.isOwned(host);
  }

  private requestOf(
    req: IncomingMessage,
    { host, hostLine, target, hasBody }: ReadRequest,
    { peer }: VisitorSocket,
    isUpgrade: boolean,
  ): VisitorRequest {
    const { forwarding } = this.options;
    const { rawHeaders, httpVersion, method = '' } = req;
    const received = { peer, hostLine, httpVersion, rawHeaders };
    const passing = endToEndHeaders(rawHeaders, { keepUpgrade: isUpgrade });
    return {
      requestId: randomUUID(),
      host,
      port: forwarding.portOf(received),
      method,
      target,
      // An expectation is this hop's to meet (RFC 9110 §10.1.1); those nobody knows may be ignored.
      headers: forwarding.tell(
        keepHeaders(passing, (name) => name !== 'expect'),
        received,
      ),
      hasBody,
      isUpgrade,
      expectsContinue: hasBody && expectsContinue(req),
      address: forwarding.addressOf(received),
    };
  }

  private serve(visitor: Visitor): VisitorHandler {
    try {
      return this.options.serve(visitor);
    } catch (error) {
      this.options.log.error({ error }, 'A request could not be taken over.');
      visitor.fail('internal');
      return SILENT;
    }
  }
}

function refusedExchange(req: IncomingMessage, res: ServerResponse, code: ErrorCode): Exchange {
  const answer = new Answer({ req, res, requestId: randomUUID(), mustClose: () => true });
  return { res, isWhole: () => true, begin: () => answer.fail(code), refuse() {} };
}

function isTunnelHandshake({ method, rawHeaders }: IncomingMessage, { target }: ReadRequest): boolean {
  return (
    method === 'GET' &&
    pathOf(target) === TUNNEL_PATH &&
    membersOf(rawHeaders, 'upgrade').includes('websocket')
  );
}

function expectsContinue({ httpVersion, rawHeaders }: IncomingMessage): boolean {
  return httpVersion === '1.1' && membersOf(rawHeaders, 'expect').includes('100-continue');
}

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? '';
}
