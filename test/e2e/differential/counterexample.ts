// A counterexample in words: how to play it again, what goes over the wire, and what differed.

import type { Failure } from './conduct.ts';
import { isBodiless } from './exchange.ts';
import { answerBody, answerHead, interimText, requestBody, requestHead } from './wireText.ts';

/** Of each message. */
const SHOWN_BYTES = 4_000;

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
  const escaped = text
    .slice(0, SHOWN_BYTES)
    .replace(/[^\n\x20-\x7e]/g, (char) =>
      char === '\r' ? '\\r' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
    .replaceAll('\n', '\\n\n');
  return escaped.replace(/^/gm, '  ') + (text.length > SHOWN_BYTES ? `… (${text.length} bytes)` : '');
}
