// Every command of the documents does what they say: each page is read from its beginning, on a machine of its own.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { testIf } from '../support/programs.ts';
import { commandsOf } from './markdown.ts';
import { canMakeRooms, enterRoom, type Room } from './room.ts';

const test = testIf(
  canMakeRooms(),
  'The documents are tried out in namespaces of the kernel: run these tests as root on Linux.',
);

/** A page of a dozen commands, of which some start services. */
const PAGE_MS = 240_000;

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(REPOSITORY, 'docs')).map((page) => `docs/${page}`),
]
  .filter((page) => page.endsWith('.md'))
  .map((page) => ({ page, commands: commandsOf(readFileSync(join(REPOSITORY, page), 'utf8')) }))
  .filter(({ commands }) => commands.length > 0);

let room: Room | undefined;

afterEach(() => room?.leave());

test.each(PAGES)(
  'every command of $page runs',
  async ({ page, commands }) => {
    room = await enterRoom();
    for (const command of commands) {
      await room.run(command).catch((error: unknown) => {
        throw new Error(`${page}:${command.line}: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  },
  PAGE_MS,
);
