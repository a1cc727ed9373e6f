// Owns what each kind of setting may look like; a refusal is the end of a sentence that begins with the variable's name.

import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Fewer bytes of secret could be guessed: HS256 wants as many as its hash has (RFC 7518 §3.2). */
export const MIN_SECRET_BYTES = 32;

/** Timers of Node overflow above 2^31 - 1 ms and would fire at once. */
const MAX_DURATION_MS = 2 ** 31 - 1;

const UNIT_MS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Nobody can type or send them in a password, and a file has them by mistake: "openssl rand -base64 64" prints two lines. */
const LINE_END = /[\0\r\n]/;

const NO_LINE_END = 'must be one line: take the line end, or the NUL, out of it.';

const ONE_LINE_SECRET =
  'must be one line, such as the output of "openssl rand -hex 32": there is a line end, or a NUL, in it.';

const SET_SECRET = `is not set: give gateway and agent the same ${MIN_SECRET_BYTES} or more random bytes, such as the output of "openssl rand -hex 32".`;

/** The shared secret; never repeated in an error. */
export function secretValue() {
  return variable(parseSecret, SET_SECRET);
}

/** 0 takes any free port. */
export function portValue() {
  return variable(parsePort);
}

/** `500ms`, `60s`, `24h` … as milliseconds. */
export function durationValue(minMs = 1) {
  return variable((text) => parseDuration(text, minMs));
}

/** A whole number from 1 on, written in digits. */
export function countValue() {
  return variable(parseCount);
}

/** A comma-separated list of CIDRs; a bare address stands for itself alone. */
export function cidrsValue() {
  return variable(parseCidrs);
}

/** One of a few words. */
export function choiceValue<const Choice extends string>(choices: readonly Choice[]) {
  return variable<Choice>((text) => {
    const choice = choices.find((each) => each === text.trim().toLowerCase());
    return choice === undefined
      ? { problem: `must be one of ${choices.join(', ')}${notGiven(text)}.` }
      : { value: choice };
  });
}

export function booleanValue() {
  return choiceValue(['true', 'false']).transform((word) => word === 'true');
}

/** Taken as it is: a password may begin or end with a space. */
export function passwordValue() {
  return variable(
    (text) => (LINE_END.test(text) ? { problem: NO_LINE_END } : { value: text }),
    'is not set: choose the password of the web interface.',
  );
}

/** What an `Authorization` header can carry; never repeated in an error. */
export function tokenValue() {
  return variable((text) => {
    const token = text.trim();
    if (token === '') return { problem: 'must not be blank.' };
    if (/^[\x20-\x7e]+$/.test(token)) return { value: token };
    return {
      problem:
        'must be ASCII on one line, as a header carries nothing else: take the output of "openssl rand -hex 32".',
    };
  });
}

/** Any text on one line, spaces around it dropped. */
export function textValue() {
  return variable((text) => {
    const trimmed = text.trim();
    if (trimmed === '') return { problem: 'must not be blank.' };
    if (/\p{Cc}/u.test(trimmed))
      return {
        problem: 'must be one line without control characters: there is a line end, a tab or the like in it.',
      };
    return { value: trimmed };
  });
}

/** Text over any number of lines, spaces around it dropped. */
export function longTextValue() {
  return variable((text) => {
    const trimmed = text.trim();
    if (trimmed === '') return { problem: 'must not be blank.' };
    return trimmed.includes('\0') ? { problem: 'must not hold a NUL.' } : { value: trimmed };
  });
}

/** A comma-separated list of ports that others can dial. */
export function portsValue() {
  return variable(parsePorts);
}

/** Whether a host as written in a URL or setting can only be this machine. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return ipaddr.isValid(name) && ipaddr.process(name).range() === 'loopback';
}

/** A value for an error: one line, bounded. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** The value, or the end of a sentence that begins with the variable's name. */
export type Parsed<Value> = { readonly value: Value } | { readonly problem: string };

/** Reads text by `parse`; `whenAbsent` is said where there is none. */
export function variable<Value>(parse: (text: string) => Parsed<Value>, whenAbsent = 'is not set.') {
  return z.string({ error: whenAbsent }).transform((text, context) => {
    const parsed = parse(text);
    if ('value' in parsed) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  });
}

function parseSecret(text: string): Parsed<string> {
  if (LINE_END.test(text)) return { problem: ONE_LINE_SECRET };
  const bytes = Buffer.byteLength(text);
  if (bytes >= MIN_SECRET_BYTES) return { value: text };
  return {
    problem: `has ${bytes} bytes: use at least ${MIN_SECRET_BYTES}, such as the output of "openssl rand -hex 32".`,
  };
}

function parsePort(text: string): Parsed<number> {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return { value: port };
  return { problem: `must be a port from 0 to 65535${notGiven(text)}.` };
}

function parsePorts(text: string): Parsed<number[]> {
  const listed = items(text);
  const wrong = listed.find((item) => !/^\d{1,5}$/.test(item) || Number(item) < 1 || Number(item) > 65_535);
  if (wrong === undefined) return { value: listed.map(Number) };
  return { problem: `must be a comma-separated list of ports from 1 to 65535${notGiven(wrong)}.` };
}

function parseCount(text: string): Parsed<number> {
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count >= 1) return { value: count };
  return { problem: `must be a whole number from 1 to 999999999${notGiven(text)}.` };
}

function parseDuration(text: string, minMs: number): Parsed<number> {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim().toLowerCase()) ?? [];
  const ms = Math.round(Number(count) * (UNIT_MS.get(unit) ?? Number.NaN));
  if (count === '' || Number.isNaN(ms) || ms < 1) {
    return { problem: `must be a time such as 500ms, 60s, 5m or 24h${notGiven(text)}.` };
  }
  if (ms < minMs) return { problem: `must be at least ${minMs}ms${notGiven(text)}.` };
  if (ms > MAX_DURATION_MS) return { problem: `must be at most 24d${notGiven(text)}.` };
  return { value: ms };
}

function parseCidrs(text: string): Parsed<string[]> {
  const cidrs: string[] = [];
  for (const item of items(text)) {
    const cidr = toCidr(item);
    if (cidr === null) {
      return {
        problem: `must be a comma-separated list of addresses or CIDRs such as 10.0.0.0/8 or fd00::/8${notGiven(item)}.`,
      };
    }
    cidrs.push(cidr);
  }
  return { value: cidrs };
}

/** ipaddr.js also reads octal and short IPv4 forms, which people read differently: only four plain numbers pass. */
function toCidr(item: string): string | null {
  const isPlain = item.includes(':') || /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(item);
  if (!isPlain || /(^|\.)0\d/.test(item) || item.includes('%')) return null;
  if (ipaddr.isValidCIDR(item)) return item;
  if (!ipaddr.isValid(item)) return null;
  return `${item}/${ipaddr.parse(item).kind() === 'ipv4' ? 32 : 128}`;
}

/** The end of an error: what was given instead. Before an "@" there may be a login, of what was meant for elsewhere. */
export function notGiven(text: string): string {
  return text.includes('@') ? '' : `, not ${quoted(text)}`;
}

/** Of a comma-separated list, blanks dropped. */
export function items(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
