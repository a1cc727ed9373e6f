// Reads the commands of a document: its blocks of `sh`, in order, each with what a test is told in the comment before it.

/** The languages of blocks. Only `sh` is run; whatever else a reader could type belongs into it. */
const LANGUAGES = new Set(['sh', 'json', 'yaml', 'ini', 'caddy', 'text', 'sql', 'nginx', 'ts']);

export interface Command {
  /** Of the document, from 1: where the block begins. */
  readonly line: number;
  readonly code: string;
  /** Blocks of one shell share its folder and variables; another one is another machine, or another terminal. */
  readonly shell: string;
  /** It stays: the next block comes when its output has this. */
  readonly until: string | null;
  /** What its output has to have. */
  readonly shows: string | null;
}

export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

const KEYS = new Set(['shell', 'until', 'shows']);

/** What begins a command, behind what may stand before it. In a block that is not of `sh`, no test would run it. */
const COMMAND =
  /^[\s>]*(\$ )?((npm|npx|octoporty|sudo|curl|docker|openssl|scp|systemctl|journalctl|caddy|git|install) |export \w+=|(\.\/)?deploy\/\S+\.sh\b)/;

/** Prose begins its lines at the margin, or two or three deep in a list: further in, and behind a tab, begins code. */
const INDENTED = /^[ >]*( {4}|\t)/;

/** Where a block begins or ends, however deep: in a list, or in a quotation. */
const BLOCK = /^[\s>]*```(.*)$/;

/** Throws DocumentError for a block without a language, for a command outside of one, and for a comment that says something unknown. */
export function commandsOf(markdown: string): Command[] {
  const commands: Command[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const language = BLOCK.exec(lines[at] ?? '')?.[1]?.trim();
    if (language === undefined) {
      if (INDENTED.test(lines[at] ?? '')) refuseCommand(lines, at);
      continue;
    }
    const end = lines.findIndex((line, index) => index > at && BLOCK.exec(line)?.[1]?.trim() === '');
    if (end < 0) throw new DocumentError(`line ${at + 1}: the block has no end`);
    if (!LANGUAGES.has(language)) {
      throw new DocumentError(`line ${at + 1}: a block is one of ${[...LANGUAGES].join(', ')}`);
    }
    if (language === 'sh') {
      const told = toldIn(lines[at - 1] ?? '', at);
      const code = lines.slice(at + 1, end).join('\n');
      commands.push({ line: at + 1, code, shell: 'here', until: null, shows: null, ...told });
    }
    if (language === 'text')
      for (let inside = at + 1; inside < end; inside += 1) refuseCommand(lines, inside);
    at = end;
  }
  return commands;
}

function refuseCommand(lines: readonly string[], at: number): void {
  if (COMMAND.test(lines[at] ?? ''))
    throw new DocumentError(`line ${at + 1}: a command stands in a block of sh`);
}

/** `<!-- test: shell="home" until="It is online" -->` */
function toldIn(comment: string, line: number): Partial<Command> {
  const text = /^<!-- test: (.*) -->$/.exec(comment)?.[1];
  if (text === undefined) return {};
  const pairs = [...text.matchAll(/(\w+)="([^"]*)"/g)].map(
    ([, key = '', value = '']) => [key, value] as const,
  );
  const isUnderstood = pairs.length > 0 && pairs.every(([key]) => KEYS.has(key));
  if (!isUnderstood)
    throw new DocumentError(`line ${line}: a comment for tests says ${[...KEYS].join(', ')}`);
  return Object.fromEntries(pairs);
}
