// Reads one HTTP/1 message as its bytes come, forgiving nothing; texts are Latin-1, a character a byte.

/** A header line: its name as sent, its value without the blanks around it (RFC 9112 §5.1). */
export type Line = readonly [name: string, value: string];

export interface Head {
  readonly start: string;
  readonly lines: readonly Line[];
}

/** How the end of a message is known (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: 'none' | 'chunked' | 'close' }
  | { readonly kind: 'length'; readonly bytes: number };

type State =
  | { readonly at: 'head' | 'chunk size' | 'chunk end' | 'trailers' | 'close' | 'end' }
  | { readonly at: 'chunk' | 'length'; readonly left: number };

const END_OF_LINE = '\r\n';
const END_OF_HEAD = '\r\n\r\n';

export class MessageReader {
  readonly interims: Head[] = [];
  head: Head | null = null;
  body = '';
  trailers: readonly Line[] = [];
  /** What was no HTTP. */
  fault: string | null = null;
  private readonly framingOf: (head: Head) => Framing | 'interim';
  private state: State = { at: 'head' };
  private unread = '';

  constructor(framingOf: (head: Head) => Framing | 'interim') {
    this.framingOf = framingOf;
  }

  get isWhole(): boolean {
    return this.state.at === 'end';
  }

  /** What came behind the message. */
  get surplus(): string {
    return this.isWhole ? this.unread : '';
  }

  feed(bytes: string): void {
    this.unread += bytes;
    while (this.fault === null && this.step());
  }

  /** The other side sends nothing more, in good order. */
  finish(): void {
    if (this.state.at === 'close') this.state = { at: 'end' };
  }

  /** False when it needs more bytes. */
  private step(): boolean {
    switch (this.state.at) {
      case 'head':
        return this.readHead();
      case 'length':
        return this.readPayload(this.state.left, { at: 'end' });
      case 'chunk':
        return this.readPayload(this.state.left, { at: 'chunk end' });
      case 'chunk size':
        return this.readChunkSize();
      case 'chunk end':
        return this.readChunkEnd();
      case 'trailers':
        return this.readTrailers();
      case 'close':
        return this.readPayload(Infinity, { at: 'end' });
      case 'end':
        return false;
    }
  }

  private readHead(): boolean {
    const text = this.takeThrough(END_OF_HEAD);
    if (text === null) return false;
    const [start = '', ...lines] = text.split(END_OF_LINE);
    const head = { start, lines: this.parseLines(lines) };
    const framing = this.framingOf(head);
    if (framing === 'interim') {
      this.interims.push(head);
      return true;
    }
    this.head = head;
    this.state = stateFor(framing);
    return true;
  }

  private readPayload(left: number, next: State): boolean {
    if (this.unread === '') return false;
    const payload = this.unread.slice(0, left);
    this.unread = this.unread.slice(payload.length);
    this.body += payload;
    const { at } = this.state;
    if (payload.length === left) this.state = next;
    else if (at === 'length' || at === 'chunk') this.state = { at, left: left - payload.length };
    return true;
  }

  private readChunkSize(): boolean {
    const text = this.takeThrough(END_OF_LINE);
    if (text === null) return false;
    if (!/^[0-9a-f]+$/i.test(text)) this.fault = `chunk size ${JSON.stringify(text)}`;
    const left = parseInt(text, 16);
    this.state = left === 0 ? { at: 'trailers' } : { at: 'chunk', left };
    return true;
  }

  private readChunkEnd(): boolean {
    if (this.unread.length < END_OF_LINE.length) return false;
    if (!this.unread.startsWith(END_OF_LINE)) this.fault = 'no line end behind a chunk';
    this.unread = this.unread.slice(END_OF_LINE.length);
    this.state = { at: 'chunk size' };
    return true;
  }

  private readTrailers(): boolean {
    if (this.unread.startsWith(END_OF_LINE)) this.unread = this.unread.slice(END_OF_LINE.length);
    else {
      const text = this.takeThrough(END_OF_HEAD);
      if (text === null) return false;
      this.trailers = this.parseLines(text.split(END_OF_LINE));
    }
    this.state = { at: 'end' };
    return true;
  }

  private parseLines(lines: readonly string[]): Line[] {
    return lines.map((line) => {
      const [, name = '', value = ''] = /^([^\s:]+):([^\r\n]*)$/.exec(line) ?? [];
      if (name === '') this.fault = `line ${JSON.stringify(line)}`;
      return [name, withoutBlanks(value)];
    });
  }

  /** Without `text` itself; null while it has not come. */
  private takeThrough(text: string): string | null {
    const end = this.unread.indexOf(text);
    if (end < 0) return null;
    const taken = this.unread.slice(0, end);
    this.unread = this.unread.slice(end + text.length);
    return taken;
  }
}

/** All values of a header, by its lower-case name, in order. */
export function valuesOf(lines: readonly Line[], lowerName: string): string[] {
  return lines.filter(([name]) => name.toLowerCase() === lowerName).map(([, value]) => value);
}

/** Its comma-separated members, in lower case. */
export function membersOf(lines: readonly Line[], lowerName: string): string[] {
  return valuesOf(lines, lowerName)
    .flatMap((value) => value.split(','))
    .map((member) => withoutBlanks(member).toLowerCase())
    .filter((member) => member !== '');
}

/** Where a length or chunks are told; null when neither is. */
export function toldFraming(lines: readonly Line[]): Framing | null {
  const [length] = valuesOf(lines, 'content-length');
  if (membersOf(lines, 'transfer-encoding').includes('chunked')) return { kind: 'chunked' };
  return length === undefined ? null : { kind: 'length', bytes: Number(length) };
}

/** Blanks are space and tab, nothing else: a non-breaking space is obs-text. */
function withoutBlanks(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}

function stateFor(framing: Framing): State {
  switch (framing.kind) {
    case 'none':
      return { at: 'end' };
    case 'chunked':
      return { at: 'chunk size' };
    case 'close':
      return { at: 'close' };
    case 'length':
      return framing.bytes === 0 ? { at: 'end' } : { at: 'length', left: framing.bytes };
  }
}
