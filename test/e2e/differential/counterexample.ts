// A counterexample in words: how to play it again, what goes over the wire, and what differed.

import type { Failure } from './conduct.ts';
import { isBodiless } from './exchange.ts';
import { answerBody, answerHead, interimText, requestBody, requestHead } from './wireText.ts';

/** Of each message, and of each line in it. */
const SHOWN_BYTES = 4_000;
const SHOWN_LINE = 200;

export function told({ compared, path, isRepeatable }: Failure, seed: number): string {
  const { exchange, verdict } = compared;
  const { request, answer, mishap } = exchange;
  return [
    '',
    `DIFFERENT at seed ${seed}, path ${path}; again: npm run differential -- --seed ${seed} --path ${path}`,
    isRepeatable
      ? 'Made as small as it gets:'
      : 'It did not differ again when played alone; as it was drawn:',
    '',
    '— the visitor sends',
    raw(requestHead(exchange, '1') + requestBody(exchange)),
    `  expectation ${request.expectation ?? 'none'}, cuts ${JSON.stringify(request.cuts)}`,
    '',
    '— the origin answers',
    raw(answer.interims.map(interimText).join('') + answerHead(exchange) + answerBody(exchange)),
    `  begins at ${answer.begins ?? 'the end'}${answer.isHeld ? ', ends with the request' : ''}, ` +
      `cuts ${JSON.stringify(answer.cuts)}${isBodiless(exchange) ? ', without a body' : ''}`,
    '',
    `— what goes wrong: ${mishap === null ? 'nothing' : JSON.stringify(mishap)}`,
    '',
    ...verdict.problems.map((problem) => `✗ ${problem}`),
  ].join('\n');
}

/** One line on the wire is one line here; bytes that no terminal shows are escaped. */
function raw(text: string): string {
  const lines = text.slice(0, SHOWN_BYTES).split(/(?<=\n)/);
  const rest = text.length > SHOWN_BYTES ? `\n  … (${text.length} bytes in all)` : '';
  return lines.map((line) => `  ${shortened(escaped(line))}`).join('\n') + rest;
}

function escaped(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, (char) => {
    const known = { '\r': '\\r', '\n': '\\n', '\t': '\\t' }[char];
    return known ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function shortened(line: string): string {
  return line.length > SHOWN_LINE ? `${line.slice(0, SHOWN_LINE)}… (${line.length})` : line;
}
