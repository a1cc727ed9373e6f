// An answer that may hold thousands of items: made into JSON in slices, between which others have their turn.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type Koa from 'koa';

/** Items made into JSON in one go. Raised: the loop that relays stands still for longer, 3 ms at this size. */
const ITEMS_AT_ONCE = 1_000;

/** Answers with an object of lists and plain values. */
export async function answerLong(context: Koa.Context, answer: object): Promise<void> {
  const fields: string[] = [];
  for (const [name, value] of Object.entries(answer)) {
    const json = Array.isArray(value) ? await listInSlices(value) : JSON.stringify(value);
    fields.push(`${JSON.stringify(name)}:${json}`);
  }
  context.type = 'application/json';
  context.body = `{${fields.join(',')}}`;
}

async function listInSlices(items: readonly unknown[]): Promise<string> {
  const slices: string[] = [];
  for (let from = 0; from < items.length; from += ITEMS_AT_ONCE) {
    if (from > 0) await nextTurn();
    slices.push(JSON.stringify(items.slice(from, from + ITEMS_AT_ONCE)).slice(1, -1));
  }
  return `[${slices.join(',')}]`;
}
