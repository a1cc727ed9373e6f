// Every limit of the wire, each with what breaks if it is raised. Sizes in bytes, times in milliseconds.

const KIB = 1024;
const MIB = 1024 * KIB;

/** One frame's head payload (REQUEST, RESPONSE, INFORM, END). Raised: a peer can make us hold more per stream before any credit applies. */
export const MAX_HEAD_BYTES = 128 * KIB;

/** One DATA payload. Raised: a bulk stream delays every small answer on the wire for longer. */
export const MAX_DATA_BYTES = 64 * KIB;

/** DATA payload while other streams wait to send. Raised: small answers wait behind bigger slices; lowered: more headers per byte. */
export const SHARED_DATA_BYTES = 16 * KIB;

/** A binary message is closed once it holds this much. Raised: nothing overtakes the message being written, so control waits longer. */
export const BATCH_BYTES = 64 * KIB;

/** One binary message as received: a batch plus the one frame that overran it. Raised: more memory for a peer that never completes one. */
export const MAX_BINARY_MESSAGE_BYTES = BATCH_BYTES + MAX_HEAD_BYTES + MAX_DATA_BYTES;

/** One text message: a revision of 20,000 mappings fits. Raised: parsing one message blocks the loop for longer (about 20 ms at this size). */
export const MAX_TEXT_MESSAGE_BYTES = 8 * MIB;

/** Text messages other than config, which an honest peer never makes larger. */
export const MAX_CONTROL_BYTES = 64 * KIB;

/** Streams open at once on a channel. Raised: the floor windows below no longer fit the pool. */
export const MAX_STREAMS = 8192;

/** The last usable stream id; the next wire starts anew. It is the largest 32-bit number. */
export const MAX_STREAM_ID = 0xffff_ffff;

/** What a receiver may have to buffer for a whole channel, per direction. Raised: one agent can take that much of a gateway's memory. */
export const CHANNEL_WINDOW_BYTES = 64 * MIB;

/** The window every stream has, however crowded the channel. Raised: MAX_STREAMS floors exceed the pool. */
export const FLOOR_WINDOW_BYTES = 4 * KIB;

/** A new stream's window while the pool has spare bytes. Raised: fewer streams start with a full window. */
export const INITIAL_WINDOW_BYTES = 64 * KIB;

/** What a window may grow to: 4 MiB fills 300 Mbit/s at 100 ms. Raised: one stalled visitor holds that much memory. */
export const MAX_WINDOW_BYTES = 4 * MIB;

/** What the pool can give above the floors of all streams. Growth leaves half of it to streams yet to come. */
export const SPARE_WINDOW_BYTES = CHANNEL_WINDOW_BYTES - MAX_STREAMS * FLOOR_WINDOW_BYTES;

/** Credit and arrival reports go out after this many bytes. Raised: the sender's view lags; lowered: more frames. */
export const REPORT_BYTES = 32 * KIB;

/** DATA in our own socket buffer beyond which we wait for it to drain. Raised: control queues behind more bulk. */
export const SOCKET_AHEAD_BYTES = 256 * KIB;

/** DATA sent and not yet reported as arrived, at least. Raised: a slow link holds more ahead of control messages. */
export const MIN_AHEAD_BYTES = 128 * KIB;

/** DATA ahead of the peer, as time at the delivered rate. Raised: control waits longer on a saturated link; lowered below a round trip: the link idles. */
export const AHEAD_MS = 500;

/** Bytes in the socket beyond which no new stream is opened. Raised: heads to a stalled agent take more memory. */
export const STALLED_SOCKET_BYTES = 8 * MIB;

/** 1xx responses per stream: they carry no credit. Raised: an origin can make us buffer more without any. */
export const MAX_INFORMS = 64;

/** RESET frames a second, and at once. Raised: a peer can make us start and drop work faster than we can shed it. */
export const RESETS_PER_SECOND = 10_000;
export const RESET_BURST = 20_000;

/** Control messages a second, and at once. Raised: a peer can keep us parsing JSON. */
export const CONTROLS_PER_SECOND = 50;
export const CONTROL_BURST = 200;

/** What one `gateway_status` tells: machines, past transitions of each, and characters of a name in it. Raised: it no longer fits MAX_CONTROL_BYTES. */
export const MAX_TOLD_MACHINES = 8;
export const MAX_TOLD_TRANSITIONS = 10;
export const MAX_TOLD_CHARS = 128;

/** Characters of why a route or a certificate is not there: the name, addresses and what to do fit. Raised: fewer routes fit one `route_status`, and a gateway takes more of its agent's memory. */
export const MAX_TOLD_REASON_CHARS = 400;

/** Routes in one `route_status`. Raised: even those with nothing to say no longer fit MAX_CONTROL_BYTES. */
export const MAX_TOLD_ROUTES = 700;

/** Between two `gateway_status` of a wire, or two `route_status`, at least. Raised: a dashboard lags behind; lowered: what keeps moving takes bandwidth. */
export const STATUS_GAP_MS = 250;

/** Mappings in one revision. Raised: config no longer fits MAX_TEXT_MESSAGE_BYTES. */
export const MAX_WIRE_MAPPINGS = 20_000;

/** From upgrade to the first revision in force, at either end. Raised: a stranger holds a wire for longer without proving anything. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
