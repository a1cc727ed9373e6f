// Asks a person at the terminal for what nobody else may see.

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { SetUpError } from './setUp.ts';

/** The answer without spaces around it; what is typed is not shown. */
export type Ask = (question: string) => Promise<string>;

/** Null where nobody can be asked. */
export function askAtTerminal(): Ask | null {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  return (question) => {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
    // Now that the terminal shows nothing of what is typed.
    process.stderr.write(question);
    return new Promise((resolve, reject) => {
      lines.once('line', (line) => {
        resolve(line.trim());
        lines.close();
      });
      // Ctrl-C and Ctrl-D close it, too.
      lines.once('close', () => {
        process.stderr.write('\n');
        reject(new SetUpError('Nothing was changed.'));
      });
    });
  };
}
