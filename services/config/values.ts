// Owns what each kind of setting may look like; a refusal is the end of a sentence that begins with the variable's name.

import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Timers of Node overflow above 2^31 - 1 ms and would fire at once. */
const MAX_DURATION_MS = 2 ** 31 - 1;

const UNIT_MS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

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
