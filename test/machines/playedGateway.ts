// Owns a gateway played by hand: every dial is a wire on which a test lets things arrive.

import type { LinkDialer } from '../../machines/attempt.ts';
import type { Link, LinkEvent } from '../../machines/link.ts';
import type { ToldRoute } from '../../protocol/control.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { SimulatedClock } from '../simulation/simulatedClock.ts';
import { arrived } from './arrived.ts';
import { RecordingLink, type LinkCall } from './recordingLink.ts';

export const SECRET = 'shared';
export const GATEWAY_NONCE = 'gatewaygatewaygateway1';

export class PlayedWire extends RecordingLink {
  readonly attempt: number;
  readonly dialledMs: number;
  /** Who answers this dial. */
  gatewayVersion = '9.9';
  private readonly clock: SimulatedClock;
  private readonly report: (event: LinkEvent) => void;

  constructor(attempt: number, clock: SimulatedClock, report: (event: LinkEvent) => void) {
    super(() => clock.nowMs());
    this.attempt = attempt;
    this.dialledMs = clock.nowMs();
    this.clock = clock;
    this.report = report;
  }

  /** Something comes over the wire, or happens to it; its bytes count as a sign of life. */
  arrives(event: LinkEvent): void {
    this.received += 1;
    this.report(event);
  }

  /** Up, greeted, and the claims of the agent awaited. */
  greet(): void {
    this.arrives({ type: 'link.opened' });
    const { clock } = this;
    this.arrives(
      arrived({ type: 'hello', version: this.gatewayVersion, nonce: GATEWAY_NONCE, wallMs: clock.wallMs() }),
    );
    clock.settle();
  }

  /** Accepts the claims that were sent; returns what the agent did until then. */
  accept(gatewayNonce = GATEWAY_NONCE): LinkCall[] {
    const calls = this.calls();
    const auth = calls
      .map((call) => (call.do === 'send' ? call.message : null))
      .findLast((m) => m?.type === 'auth');
    const agentNonce = auth?.type === 'auth' ? auth.nonce : '';
    const claims = { gatewayNonce, agentNonce, version: this.gatewayVersion };
    const proof = JSON.stringify({ secret: SECRET, purpose: 'gateway', wallMs: this.clock.wallMs(), claims });
    this.arrives(
      arrived({ type: 'auth_result', ok: true, proof, gatewayHost: 'gw.example.com', lifetimeMs: 1 }),
    );
    this.clock.settle();
    return calls;
  }

  refuse(code: ErrorCode): void {
    this.arrives(arrived({ type: 'auth_result', ok: false, code }));
  }

  confirm(revision: number, refused: { id: string; code: ErrorCode }[] = []): void {
    this.arrives(arrived({ type: 'config_ack', revision, refused }));
  }

  leave(reason: ErrorCode = 'going_away'): void {
    this.arrives(arrived({ type: 'goaway', reason, lastStreamId: 0, retryAfterMs: 0 }));
  }

  /** Says how its session stands. */
  tell(state: string): void {
    const machines = [{ id: 'session.1', machine: 'session', state, sinceMs: 0, transitions: [] }];
    this.arrives(arrived({ type: 'gateway_status', machines }));
  }

  /** Says how the routes of mappings stand. */
  tellRoutes(...routes: ToldRoute[]): void {
    this.arrives(arrived({ type: 'route_status', routes }));
  }

  /** All the way to the first confirmed revision. */
  welcome(revision = 1): void {
    this.greet();
    this.accept();
    this.confirm(revision);
  }

  break(code: ErrorCode = 'wire_closed', detail = ''): void {
    this.report({ type: 'link.closed', code, detail });
  }
}

export class PlayedGateway implements LinkDialer {
  readonly wires: PlayedWire[] = [];
  private readonly clock: SimulatedClock;

  constructor(clock: SimulatedClock) {
    this.clock = clock;
  }

  dial(attempt: number, report: (event: LinkEvent) => void): Link {
    const wire = new PlayedWire(attempt, this.clock, report);
    this.wires.push(wire);
    return wire;
  }

  /** The wire of the n-th dial; 0 is the first, −1 the latest. */
  wire(at = -1): PlayedWire {
    const wire = this.wires.at(at);
    if (wire === undefined) throw new Error(`only ${this.wires.length} dials so far`);
    return wire;
  }

  /** When each dial was made, in milliseconds. */
  get dialledMs(): number[] {
    return this.wires.map(({ dialledMs }) => dialledMs);
  }
}
