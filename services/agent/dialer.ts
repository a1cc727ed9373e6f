// Dials the gateway: TCP, TLS and the WebSocket upgrade, through a proxy where the environment says so.

import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Wire, WireHandler } from '../../protocol/wire.ts';
import { SUBPROTOCOL } from '../../protocol/control.ts';
import { MAX_TEXT_MESSAGE_BYTES } from '../../protocol/limits.ts';
import { WIRE_OPTIONS, wireOf } from '../wire.ts';
import { certificateFaultOf, isNoTls } from './originErrors.ts';
import { ProxyAgent } from './proxyAgent.ts';
import { ProxyError } from './proxyTunnel.ts';

/** Opens wires to one gateway. `onOpened` or `onClosed` follows, never from inside the call. */
export interface WireDialer {
  dial(handler: WireHandler & { onOpened(): void }): Wire;
}

export interface DialerOptions {
  /** `wss://host/tunnel`, or `ws://` where configuration allows it. */
  readonly gatewayUrl: string;
  /** PEM file of a private certificate authority. */
  readonly caFile: string | null;
  /** An HTTP proxy to go through (CONNECT); null: directly. */
  readonly proxyUrl: string | null;
}

export function createDialer({ gatewayUrl, caFile, proxyUrl }: DialerOptions): WireDialer {
  const isEncrypted = gatewayUrl.startsWith('wss:');
  const ca = caFile === null ? null : readFileSync(caFile);
  return {
    dial(handler) {
      const over = new AbortController();
      const socket = new WebSocket(gatewayUrl, [SUBPROTOCOL], {
        ...WIRE_OPTIONS,
        maxPayload: MAX_TEXT_MESSAGE_BYTES,
        // Over TLS a mask protects nobody, and without it bulk is about four times as fast. Plain ws keeps real masks.
        ...(isEncrypted ? { generateMask: zeroMask } : {}),
        ...(ca === null ? {} : { ca }),
        ...(proxyUrl === null
          ? {}
          : { agent: new ProxyAgent({ proxyUrl, gatewayUrl, ca, signal: over.signal }) }),
      });
      const wire = wireOf(socket, dialErrors(handler, socket));
      socket.on('open', () => {
        handler.onOpened();
      });
      socket.on('close', () => over.abort());
      return wire;
    },
  };
}

/** Turns what goes wrong before the upgrade into named errors. */
function dialErrors(handler: WireHandler, socket: WebSocket): WireHandler {
  let refusal: Parameters<WireHandler['onClosed']> | undefined;
  let isOpen = false;
  socket.on('open', () => {
    isOpen = true;
  });
  socket.on('error', (error) => {
    if (!isOpen) refusal ??= faultOf(error);
  });
  socket.on('unexpected-response', (request, response) => {
    const status = response.statusCode ?? 0;
    refusal = [refusalOf(status), `status ${status}`];
    request.destroy();
    socket.terminate();
  });
  return {
    onBinary: (message) => {
      handler.onBinary(message);
    },
    onText: (text) => {
      handler.onText(text);
    },
    onDrained: () => {
      handler.onDrained();
    },
    onClosed: (code, detail) => {
      if (refusal !== undefined) handler.onClosed(...refusal);
      else handler.onClosed(code === 'wire_closed' && !isOpen ? 'dial_failed' : code, detail);
    },
  };
}

/** ws has no codes for a gateway that takes the upgrade and selects another protocol than ours, or none. */
const SUBPROTOCOL_FAULTS: ReadonlyMap<string, ErrorCode> = new Map([
  ['Server sent an invalid subprotocol', 'version_mismatch'],
  ['Server sent no subprotocol', 'not_a_gateway'],
]);

/** What the way there says of itself; undefined: nothing that has a name. */
function faultOf(error: Error): Parameters<WireHandler['onClosed']> | undefined {
  if (error instanceof ProxyError) return [error.code, error.detail];
  const code = SUBPROTOCOL_FAULTS.get(error.message);
  if (code !== undefined) return [code, error.message];
  const fault = isNoTls(error) ? undefined : certificateFaultOf(error);
  return fault === undefined ? undefined : ['gateway_untrusted', `${fault} (${error.message})`];
}

/** A gateway refuses an unknown version with 426; 5xx and 429 are a gateway, or a proxy before it, that is not there now. */
function refusalOf(status: number): ErrorCode {
  if (status === 426) return 'version_mismatch';
  return status >= 500 || status === 429 ? 'dial_failed' : 'not_a_gateway';
}

function zeroMask(mask: Buffer): void {
  mask.fill(0);
}
