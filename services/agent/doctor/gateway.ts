// The doctor's way to the gateway, link by link: its name, its port, its certificate, what it says, whether it takes our secret.

import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Handshake } from '../../../machines/handshake.ts';
import { describeError, type ErrorCode } from '../../../protocol/errors.ts';
import type { AgentConfig } from '../../config.ts';
import { withoutLogin } from '../../config/logins.ts';
import { failed, ok, skipped, type Finding } from '../../doctor.ts';
import { VERSION } from '../../version.ts';
import { certificateFaultOf, errnoOf, failureOf, isNoTls, type ConnectionStage } from '../originErrors.ts';
import { connectThrough, type ProxyTarget } from '../proxyTunnel.ts';
import { findBySystem, lookupProblem } from './addresses.ts';

type GatewayConfig = Pick<AgentConfig, 'gatewayUrl' | 'caFile' | 'proxyUrl'>;

/** Further apart, the tokens of either side look expired or not yet valid to whatever compares them with its own clock. */
const MAX_SKEW_MS = 30_000;

/** TCP and TLS together. Raised: a black hole keeps the doctor waiting. */
const CONNECT_TIMEOUT_MS = 10_000;

const URL_ADVICE = 'check OCTOPORTY_GATEWAY_URL';

/** What these say, says what to do. */
const ADVISED: ReadonlySet<ErrorCode> = new Set([
  'version_mismatch',
  'proxy_unreachable',
  'proxy_refused',
  'proxy_login_failed',
  'gateway_untrusted',
]);

/** Where a gateway's name leads. */
export interface ExaminedName {
  readonly finding: Finding;
  /** Empty when it cannot be told. */
  readonly addresses: readonly string[];
}

export async function examineGatewayName({ gatewayUrl, proxyUrl }: GatewayConfig): Promise<ExaminedName> {
  const check = 'gateway name';
  const host = hostOf(gatewayUrl);
  try {
    const addresses = await findBySystem(host);
    const saw = isIP(host) === 0 ? `${host} is ${addresses.join(', ')}` : `${host} is an address`;
    return { finding: ok(check, saw), addresses };
  } catch (error) {
    // Behind a proxy nobody here has to know the name.
    if (proxyUrl !== null)
      return { finding: skipped(check, `${host} is resolved by the proxy`), addresses: [] };
    const saw = `${host} cannot be resolved (${lookupProblem(error)})`;
    return { finding: failed(check, saw, `${URL_ADVICE} and the DNS server of this machine`), addresses: [] };
  }
}

/** A connection as the agent's, TLS included, that says nothing. `howToStart` is said where nobody listens. */
export async function examineGatewayPort(
  config: GatewayConfig,
  howToStart = `start the gateway, or ${URL_ADVICE}`,
): Promise<Finding> {
  const check = 'gateway port';
  const { host, port, isEncrypted } = placeOf(config.gatewayUrl);
  const place = `${host} port ${port}`;
  if (config.proxyUrl !== null) return examineProxy(config.proxyUrl, { host, port }, place);
  try {
    await connectOnce(config);
    return ok(check, `${place} takes connections${isEncrypted ? ', and its certificate is good' : ''}`);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    const { code, detail } = failureOf(error.cause, error.stage);
    if (code === 'origin_refused') return failed(check, `${place} refused the connection`, howToStart);
    if (code === 'origin_tls') return failed(check, `${place}: ${detail}`, tlsAdvice(error.cause));
    const saw = `${place} cannot be reached: ${errnoOf(error.cause) || detail}`;
    return failed(check, saw, 'check the network and the firewalls on the way');
  }
}

/** Whether the proxy connects us. What is behind it, TLS included, the handshake tells. */
function examineProxy(proxyUrl: string, target: ProxyTarget, place: string): Promise<Finding> {
  const check = 'gateway port';
  const proxy = `the proxy ${withoutLogin(proxyUrl)}`;
  return new Promise((resolve) => {
    connectThrough(proxyUrl, target, (error, socket) => {
      socket?.destroy();
      if (error === null) resolve(ok(check, `${proxy} connects to ${place}`));
      else if (error.code === 'dial_failed')
        resolve(failed(check, `${proxy} does not reach ${place} (${error.detail})`, URL_ADVICE));
      else resolve(failed(check, `${proxy}: ${error.message}`));
    });
  });
}

export function examineGatewayAnswer(gatewayUrl: string, { greeting, code, detail }: Handshake): Finding {
  const check = 'gateway answer';
  if (greeting === null) {
    const saw = detail === '' ? describeError(code).says : `${describeError(code).says} (${detail})`;
    if (ADVISED.has(code)) return failed(check, saw);
    return failed(check, saw, `${URL_ADVICE}, and that what stands before the gateway passes WebSockets on`);
  }
  const versions =
    greeting.version === VERSION
      ? `Octoporty ${VERSION}`
      : `Octoporty ${greeting.version}, here is ${VERSION}`;
  return ok(check, `${gatewayUrl} answers: ${versions}`);
}

export function examineClock({ greeting }: Handshake): Finding {
  const check = 'clock skew';
  if (greeting === null) return skipped(check, 'the gateway did not tell its time');
  const seconds = Math.round(Math.abs(greeting.skewMs) / 1000);
  if (Math.abs(greeting.skewMs) <= MAX_SKEW_MS) return ok(check, `within ${seconds} s of the gateway's`);
  const saw = `the gateway's is ${seconds} s ${greeting.skewMs > 0 ? 'ahead of' : 'behind'} the one here`;
  return failed(check, saw, 'set both machines by NTP (timedatectl tells which one is wrong)');
}

export function examineSecret({ greeting, isAccepted, code, detail }: Handshake): Finding {
  const check = 'secret';
  if (isAccepted) return ok(check, 'the gateway accepts it, and has proven that it knows it too');
  if (greeting === null) return skipped(check, 'the gateway did not ask for it');
  if (code === 'auth_failed') {
    return failed(check, 'the gateway refused it', 'set the same OCTOPORTY_AUTH_SECRET on both sides');
  }
  const saw = detail === '' ? describeError(code).says : `${describeError(code).says} (${detail})`;
  return failed(check, saw, 'try again in a moment; the log of the gateway says more');
}

/** What broke the connection is the cause. */
class PortError extends Error {
  readonly stage: ConnectionStage;

  constructor(stage: ConnectionStage, cause: unknown) {
    super('the gateway cannot be connected to', { cause });
    this.stage = stage;
  }
}

function connectOnce({ gatewayUrl, caFile }: GatewayConfig): Promise<void> {
  const { host, port, isEncrypted } = placeOf(gatewayUrl);
  return new Promise((resolve, reject) => {
    let stage: ConnectionStage = 'connecting';
    const socket: Socket = isEncrypted
      ? connectTls({
          host,
          port,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(caFile === null ? {} : { ca: readFileSync(caFile) }),
        })
      : connectTcp({ host, port });
    const late = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => socket.destroy(late), CONNECT_TIMEOUT_MS);
    socket.once('connect', () => (stage = 'handshaking'));
    socket.once(isEncrypted ? 'secureConnect' : 'connect', () => {
      socket.end();
      resolve();
    });
    socket.once('error', (error) => reject(new PortError(stage, error)));
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new PortError(stage, Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    });
    // The end of the other side is only seen by whoever reads.
    socket.resume();
  });
}

function tlsAdvice(error: unknown): string {
  if (isNoTls(error)) return `is it a ws:// gateway, or another service? ${URL_ADVICE}`;
  if (errnoOf(error) === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `name the gateway as its certificate does: ${URL_ADVICE}`;
  return certificateFaultOf(error) === undefined
    ? 'check what terminates TLS before the gateway'
    : 'renew it, or name its authority with OCTOPORTY_CA_FILE';
}

function hostOf(gatewayUrl: string): string {
  return new URL(gatewayUrl).hostname.replace(/^\[(.*)\]$/, '$1');
}

function placeOf(gatewayUrl: string): { host: string; port: number; isEncrypted: boolean } {
  const url = new URL(gatewayUrl);
  const isEncrypted = url.protocol === 'wss:';
  return { host: hostOf(gatewayUrl), port: Number(url.port) || (isEncrypted ? 443 : 80), isEncrypted };
}
