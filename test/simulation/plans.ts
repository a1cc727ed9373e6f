// What a visitor and its origin will do in one exchange, drawn beforehand: both ends know it, the tunnel does not.

import type { FlatHeaders } from '../../protocol/head.ts';
import type { SeededRandom } from './seededRandom.ts';

export interface BodyPlan {
  readonly bytes: number;
  readonly chunkBytes: number;
  readonly gapMs: number;
  readonly trailers: FlatHeaders;
}

/** When a visitor gives up: so long after it asked, or after that many bytes of the answer. */
export type LeavePlan =
  | { readonly when: 'time'; readonly ms: number }
  | { readonly when: 'bytes'; readonly bytes: number };

/** How an origin fails. `stale`: its idle connection was closed just before the request came. */
export type OriginFault =
  | 'none'
  | 'refuses'
  | 'hangs'
  | 'resetsBeforeHead'
  | 'resetsMidBody'
  | 'neverAnswers'
  | 'stale';

export interface Plan {
  readonly requestId: string;
  readonly host: string;
  readonly method: string;
  readonly isUpgrade: boolean;
  readonly expectsContinue: boolean;
  /** How long the visitor holds its body back when nobody invites it; null: for ever. */
  readonly patienceMs: number | null;
  /** Null: no body. */
  readonly up: BodyPlan | null;
  readonly readBytesPerMs: number;
  readonly leaves: LeavePlan | null;
  readonly origin: {
    readonly fault: OriginFault;
    readonly connectMs: number;
    readonly answers: 'atOnce' | 'inMidBody' | 'afterBody';
    readonly thinkMs: number;
    readonly informs: number;
    readonly continues: boolean;
    readonly status: number;
    readonly down: BodyPlan | null;
    readonly takeBytesPerMs: number;
  };
}

/** Raised: worlds take longer to settle. */
const SLOWEST_MS = 4_000;

const NO_BODY_STATUSES = new Set([204, 304]);

/** A request that must succeed, to ask whether a name is served. */
export function probePlan(requestId: string, host: string): Plan {
  return {
    requestId,
    host,
    method: 'GET',
    isUpgrade: false,
    expectsContinue: false,
    patienceMs: null,
    up: null,
    readBytesPerMs: Infinity,
    leaves: null,
    origin: {
      fault: 'none',
      connectMs: 1,
      answers: 'atOnce',
      thinkMs: 1,
      informs: 0,
      continues: true,
      status: 200,
      down: { bytes: 2_000, chunkBytes: 1_000, gapMs: 0, trailers: [] },
      takeBytesPerMs: Infinity,
    },
  };
}

/** `bulk` is the largest body of this world. */
export function drawPlan(random: SeededRandom, requestId: string, host: string, bulkBytes: number): Plan {
  const kind = random.pick([
    'get',
    'get',
    'get',
    'head',
    'options',
    'post',
    'post',
    'put',
    'upgrade',
    'upgrade',
  ] as const);
  const isUpgrade = kind === 'upgrade';
  const hasUp =
    isUpgrade || kind === 'post' || kind === 'put' || (kind === 'get' && random.fraction() < 0.05);
  const up = hasUp ? drawBody(random, bulkBytes, isUpgrade) : null;
  const expectsContinue = !isUpgrade && hasUp && random.fraction() < 0.3;
  const fault = drawFault(random);
  const status = isUpgrade
    ? random.pick([101, 101, 101, 101, 403])
    : random.pick([200, 200, 200, 200, 201, 204, 304, 404, 500]);
  const hasDown = isUpgrade || (kind !== 'head' && !NO_BODY_STATUSES.has(status) && random.fraction() < 0.95);
  const down = hasDown ? drawBody(random, bulkBytes, isUpgrade) : null;
  return {
    requestId,
    host,
    method: isUpgrade ? 'GET' : kind.toUpperCase(),
    isUpgrade,
    expectsContinue,
    patienceMs: random.pick([null, 300, 1_500]),
    up,
    readBytesPerMs: paceOf(random.pick([Infinity, Infinity, Infinity, 500, 50, 10]), down),
    leaves: drawLeave(random),
    origin: {
      fault,
      connectMs: random.pick([0, 1, 5, 40]),
      answers: drawAnswers(random, isUpgrade, hasUp),
      thinkMs: random.pick([0, 1, 20, 200, 900]),
      informs: random.fraction() < 0.1 ? random.between(1, 3) : 0,
      continues: random.fraction() < 0.7,
      status,
      down,
      takeBytesPerMs: paceOf(random.pick([Infinity, Infinity, 500, 30]), up),
    },
  };
}

function drawAnswers(random: SeededRandom, isUpgrade: boolean, hasUp: boolean): Plan['origin']['answers'] {
  if (isUpgrade || !hasUp) return 'atOnce';
  return random.pick(['afterBody', 'afterBody', 'afterBody', 'inMidBody', 'atOnce']);
}

function drawFault(random: SeededRandom): OriginFault {
  if (random.fraction() < 0.82) return 'none';
  return random.pick([
    'refuses',
    'hangs',
    'resetsBeforeHead',
    'resetsMidBody',
    'resetsMidBody',
    'neverAnswers',
    'stale',
    'stale',
  ]);
}

function drawLeave(random: SeededRandom): LeavePlan | null {
  const draw = random.fraction();
  if (draw < 0.85) return null;
  if (draw < 0.93) return { when: 'time', ms: random.pick([0, 1, 10, 60, 300, 1_200]) };
  return { when: 'bytes', bytes: random.pick([0, 1, 1_000, 30_000, 100_000]) };
}

/** A slow end takes a whole body within `SLOWEST_MS`. */
function paceOf(bytesPerMs: number, body: BodyPlan | null): number {
  return Math.max(bytesPerMs, (body?.bytes ?? 0) / SLOWEST_MS);
}

/** Sizes gather at the edges of frames and windows. */
function drawBody(random: SeededRandom, bulkBytes: number, isUpgrade: boolean): BodyPlan {
  const bytes = Math.min(
    bulkBytes,
    random.pick([0, 1, 700, 700, 5_000, 5_000, 16_384, 65_535, 65_537, 140_000, bulkBytes]),
  );
  const chunkBytes = random.pick([1_000, 16_384, 16_384, 65_536]);
  const chunks = Math.ceil(bytes / chunkBytes);
  return {
    bytes,
    chunkBytes,
    gapMs: chunks > 60 ? 0 : random.pick([0, 0, 0, 1, 15]),
    trailers: !isUpgrade && random.fraction() < 0.1 ? ['X-Sum', `${bytes}`] : [],
  };
}
