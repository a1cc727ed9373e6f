// Restores a backup, and is killed before the step of that number: each call that gives or takes a name is one. What is
// written between two of them lies in files that nobody asks for yet.
// Without a number it prints how many there are.

import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [dataDir = '', backup = '', last = '0'] = process.argv.slice(2);
let steps = 0;
/** Not while it is loaded. */
let isArmed = false;

for (const name of ['renameSync', 'rmSync']) counted(fs, name);
for (const name of ['rename', 'rm']) counted(promises, name);
syncBuiltinESMExports();

const { restore } = await import('../../../services/agent/restore.ts');
[steps, isArmed] = [0, true];
await restore({ dataDir, connectionString: null }, backup, Date.UTC(2026, 10, 23, 3, 15));
if (last === '0') process.stdout.write(String(steps));

function counted(owner: object, name: string): void {
  const act: unknown = Reflect.get(owner, name);
  if (typeof act !== 'function') throw new Error(`There is no ${name}.`);
  Reflect.set(owner, name, function step(this: unknown, ...given: unknown[]): unknown {
    steps += 1;
    if (isArmed && steps === Number(last)) process.kill(process.pid, 'SIGKILL');
    const answer: unknown = Reflect.apply(act, this, given);
    return answer;
  });
}
