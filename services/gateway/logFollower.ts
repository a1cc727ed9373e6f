// Follows a log file of another program from its end on, through rotation and truncation, whether or not it is there yet.

import { open, stat, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../../machines/clock.ts';

/** How often the file is looked at. Raised: what it says is heard of later. */
export const LOOK_MS = 500;

/** Read in one look; what is before it is left out. Raised: a flood of lines takes more of our time at once. */
const MAX_LOOK_BYTES = 4 * 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

/** A longer line is left out. Raised: a file without lines fills more of our memory. */
const MAX_LINE_BYTES = 64 * 1024;

export interface LogFollowerOptions {
  readonly path: string;
  readonly clock: Clock;
  /** A whole line, without its end. */
  readonly onLine: (line: string) => void;
  /** Why the file cannot be read; null: it can again. Each is told once. */
  readonly onTrouble: (code: string | null) => void;
}

/** Returns its stop. */
export function followLog({ path, clock, onLine, onTrouble }: LogFollowerOptions): () => Promise<void> {
  let file: OpenLog | null = null;
  /** What was there before us is of a time that we know nothing of; what comes instead of it is read whole. */
  let isFirst = true;
  let trouble: string | null = null;
  let isOver = false;
  let cancel = () => {};
  let looking = look();

  async function look(): Promise<void> {
    try {
      await readOn();
      tellTrouble(null);
    } catch (error) {
      tellTrouble(error instanceof Error && 'code' in error ? String(error.code) : String(error));
    }
    isFirst = false;
    if (isOver) return;
    cancel = clock.setTimer(LOOK_MS, () => {
      looking = look();
    });
  }

  async function readOn(): Promise<void> {
    const { ino, dev, size } = await stat(path);
    if (file !== null) {
      const isSame = file.isThat(ino, dev);
      if (isSame && size < file.position) file.rewind();
      // One that was moved away is read to its end: only after the look at its name is all there that came before.
      await readOrLeave(file);
      if (isSame) return;
      await file.close();
      file = null;
    }
    const handle = await open(path, 'r');
    const opened = await handle.stat();
    file = new OpenLog(handle, opened.ino, opened.dev, isFirst ? opened.size : 0);
    await readOrLeave(file);
  }

  /** What cannot be read any more is opened anew at the next look. */
  async function readOrLeave(open: OpenLog): Promise<void> {
    try {
      await open.read(onLine);
    } catch (error) {
      file = null;
      await open.close();
      throw error;
    }
  }

  function tellTrouble(code: string | null): void {
    if (code !== trouble) onTrouble(code);
    trouble = code;
  }

  return async () => {
    isOver = true;
    cancel();
    await looking;
    await file?.close();
  };
}

class OpenLog {
  position: number;
  private readonly handle: FileHandle;
  private readonly ino: number;
  private readonly dev: number;
  private rest = Buffer.alloc(0);
  /** The line that is being read began where we did not see it, or is too long. */
  private isPartial = false;

  constructor(handle: FileHandle, ino: number, dev: number, position: number) {
    this.handle = handle;
    this.ino = ino;
    this.dev = dev;
    this.position = position;
  }

  isThat(ino: number, dev: number): boolean {
    return ino === this.ino && dev === this.dev;
  }

  /** It was truncated: what is in it now is new. */
  rewind(): void {
    this.position = 0;
    this.rest = Buffer.alloc(0);
    this.isPartial = false;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  async read(onLine: (line: string) => void): Promise<void> {
    const { size } = await this.handle.stat();
    if (size - this.position > MAX_LOOK_BYTES) {
      this.position = size - MAX_LOOK_BYTES;
      this.rest = Buffer.alloc(0);
      this.isPartial = true;
    }
    const chunk = Buffer.alloc(CHUNK_BYTES);
    while (this.position < size) {
      const { bytesRead } = await this.handle.read(chunk, 0, CHUNK_BYTES, this.position);
      if (bytesRead === 0) return;
      this.position += bytesRead;
      this.take(chunk.subarray(0, bytesRead), onLine);
    }
  }

  private take(bytes: Buffer, onLine: (line: string) => void): void {
    let all = Buffer.concat([this.rest, bytes]);
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE)) {
      if (!this.isPartial && end <= MAX_LINE_BYTES) onLine(all.subarray(0, end).toString('utf8'));
      this.isPartial = false;
      all = all.subarray(end + 1);
    }
    this.isPartial ||= all.length > MAX_LINE_BYTES;
    this.rest = this.isPartial ? Buffer.alloc(0) : all;
  }
}

const NEWLINE = 0x0a;
