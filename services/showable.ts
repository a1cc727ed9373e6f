// What of an actor's context people may see: plain data, bounded, and nothing whose name means a secret.

/** Levels below the context. Raised: an answer nests deeper than a page can show. */
const MAX_DEPTH = 4;

/** Items of one array. Raised: one long list fills the page. */
const MAX_ITEMS = 20;

/** Fields of one object. Raised: a context with a field for each name fills the page. */
const MAX_FIELDS = 40;

/** Characters of one string. Raised: one text fills the page. */
const MAX_TEXT_CHARS = 200;

/** Values in all, whatever holds them. Raised: one answer takes longer to make and to read. */
const MAX_VALUES = 500;

/** Parts of names, in any case. What they name is left out whole. */
const SECRET_NAME =
  /secret|token|passw|passphrase|nonce|proof|authori[sz]ation|cookie|credential|private|signature|api[-_]?key|connectionstring/i;

/** Stands for what is left out: a value that is nobody's to see, or no data. */
const HIDDEN = Symbol('hidden');

/** Names too long to show cannot be told from one another: they are left out. */
const MAX_NAME_CHARS = 100;

/**
 * Functions, class instances, ports and actors are left out, and so is an object that holds nothing else. Where data was
 * too long or too deep, words say what was left out.
 */
export function showable(context: unknown): Record<string, unknown> {
  const shown = shownValue(context, 0, { left: MAX_VALUES });
  return typeof shown === 'object' && shown !== null && !Array.isArray(shown) ? { ...shown } : {};
}

interface Budget {
  left: number;
}

function shownValue(value: unknown, depth: number, budget: Budget): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return shownText(value);
  // JSON has no NaN, no infinity and no negative zero.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : String(value);
  if (Array.isArray(value)) return shownList(value, depth, budget);
  return isPlain(value) ? shownObject(value, depth, budget) : HIDDEN;
}

function shownText(text: string): string {
  if (text.length <= MAX_TEXT_CHARS) return text;
  // Half of a surrogate pair is no text.
  const kept = text.slice(0, MAX_TEXT_CHARS).replace(/[\uD800-\uDBFF]$/, '');
  return `${kept}… (${text.length - kept.length} more characters)`;
}

function shownList(list: readonly unknown[], depth: number, budget: Budget): unknown {
  if (depth > MAX_DEPTH) return `… (${list.length} items)`;
  const shown: unknown[] = [];
  let seen = 0;
  for (const item of list) {
    if (seen >= MAX_ITEMS || !takeOne(budget)) break;
    seen += 1;
    const each = shownValue(item, depth + 1, budget);
    if (each !== HIDDEN) shown.push(each);
  }
  if (seen < list.length) shown.push(`… (${list.length - seen} more)`);
  return shown;
}

function shownObject(object: object, depth: number, budget: Budget): unknown {
  const fields = Object.entries(object).filter(([name]) => mayShow(name));
  if (fields.length === 0) return Object.keys(object).length === 0 ? {} : HIDDEN;
  if (depth > MAX_DEPTH) return `… (${fields.length} fields)`;
  const shown: [string, unknown][] = [];
  let seen = 0;
  for (const [name, value] of fields) {
    if (seen >= MAX_FIELDS || !takeOne(budget)) break;
    seen += 1;
    const each = shownValue(value, depth + 1, budget);
    if (each !== HIDDEN) shown.push([name, each]);
  }
  if (seen < fields.length) shown.push(['…', `${fields.length - seen} more`]);
  // A port: all that it has are functions.
  return shown.length === 0 ? HIDDEN : Object.fromEntries(shown);
}

function mayShow(name: string): boolean {
  return name.length <= MAX_NAME_CHARS && !SECRET_NAME.test(name);
}

function takeOne(budget: Budget): boolean {
  if (budget.left === 0) return false;
  budget.left -= 1;
  return true;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
