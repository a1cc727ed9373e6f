// One run of the store's thread, seen from outside: calls and their answers, signs of life, and its end.

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { StoreLog } from './databaseAdapter.ts';
import { StoreError } from './store.ts';
import {
  errorFrom,
  type FromThread,
  type StoreCalls,
  type StoreMethod,
  type ThreadStart,
  type ToThread,
} from './threadMessages.ts';

/** How long a thread may be silent while it owes an answer. Raised: edits answer 503 later when a disk hangs. */
const SILENT_MS = 10_000;
/** How long it may take to close. Raised: a stop that a hanging disk holds up is ended by force first. */
const CLOSE_MS = 8_000;
/** How often a thread that owes an answer is asked for a sign of life. Raised: its silence is noticed later. */
const LOOK_MS = 1_000;

export interface ThreadOptions {
  readonly start: ThreadStart;
  readonly log: StoreLog;
  /** The thread begins with its first call once this is fulfilled. */
  readonly after: Promise<unknown>;
  /** The file that the thread runs. */
  readonly file?: URL | undefined;
  readonly silentMs?: number | undefined;
  readonly closeMs?: number | undefined;
  readonly lookMs?: number | undefined;
}

interface Pending {
  readonly method: StoreMethod;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** `.ts` as it is written, `.js` where types have been taken out before. */
const THREAD_FILE = new URL(`./storeThread${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

export class RunningThread {
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #heardAtMs = 0;
  #looking: NodeJS.Timeout | null = null;
  #end: StoreError | null = null;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#worker = new Worker(options.file ?? THREAD_FILE, { workerData: options.start, name: 'store' });
    // Only an answer that is awaited keeps the process.
    this.#worker.unref();
    this.#worker.on('message', (message: FromThread) => this.#hear(message));
    this.#worker.on('messageerror', (error) => this.#abandon('said what cannot be read', error));
    this.#worker.on('error', (error) => this.#abandon('failed', error));
    this.#worker.on('exit', () => this.#abandon('has ended'));
  }

  /** False once it is of no more use: another one has to be started. */
  get isUsable(): boolean {
    return this.#end === null;
  }

  call<Method extends StoreMethod>(
    method: Method,
    ...args: Parameters<StoreCalls[Method]>
  ): Promise<Awaited<ReturnType<StoreCalls[Method]>>> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) {
        reject(this.#end);
        return;
      }
      const id = (this.#lastId += 1);
      this.#pending.set(id, { method, resolve, reject });
      this.#watch();
      this.#options.after
        .then(() => this.#send({ kind: 'call', id, method, args }))
        .catch((error: unknown) => this.#settle(id)?.reject(error));
    });
  }

  /** Lets the thread finish what was asked before, and ends it; by force when that takes too long. */
  async close(): Promise<void> {
    const { closeMs = CLOSE_MS } = this.#options;
    const patience = setTimeout(() => this.#abandon('did not close'), closeMs);
    try {
      await this.call('close');
    } finally {
      clearTimeout(patience);
      await this.#stop();
    }
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread): void {
    this.#heardAtMs = performance.now();
    if (message.kind === 'logged') this.#options.log.info(message.fields, message.message);
    if (message.kind === 'answer') this.#settle(message.id)?.resolve(message.value);
    if (message.kind === 'failure') this.#settle(message.id)?.reject(errorFrom(message.error));
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#rest();
    return pending;
  }

  /** From the first call that is owed an answer on. */
  #watch(): void {
    if (this.#looking !== null) return;
    const { silentMs = SILENT_MS, lookMs = LOOK_MS } = this.#options;
    this.#worker.ref();
    this.#heardAtMs = performance.now();
    this.#looking = setInterval(() => {
      // A migration may be one long statement: to give it up and begin again would never end. Calls are carried out in
      // order, so an open that waits behind another call is not what the thread is at.
      const [underWay] = this.#pending.values();
      const isOpening = underWay?.method === 'open';
      const isSilent = performance.now() - this.#heardAtMs > silentMs;
      if (isSilent && !isOpening) this.#abandon('does not answer');
      else this.#send({ kind: 'look' });
    }, lookMs);
  }

  #rest(): void {
    if (this.#looking === null) return;
    clearInterval(this.#looking);
    this.#looking = null;
    this.#worker.unref();
  }

  /** Rejects what is owed. Whether the last writes were committed nobody knows: they were not answered. */
  #abandon(what: string, cause?: unknown): void {
    if (this.#end !== null) return;
    this.#end = new StoreError('unavailable', `Its thread ${what}.`, cause);
    for (const { reject } of this.#pending.values()) reject(this.#end);
    this.#pending.clear();
    this.#rest();
    // Not awaited: a thread within a system call ends when that returns.
    void this.#worker.terminate();
  }

  async #stop(): Promise<void> {
    if (this.#end !== null) return;
    this.#end = new StoreError('unavailable', 'It is not open.');
    this.#worker.ref();
    await this.#worker.terminate();
  }
}
