// What root makes in the folder of a service is for the service.

import { existsSync, lchownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export function giveToOwner(path: string): void {
  if (process.getuid?.() !== 0 || !existsSync(path)) return;
  const { uid, gid } = statSync(dirname(path));
  // Not what a link leads to: the folder's owner could have laid one.
  lchownSync(path, uid, gid);
}
