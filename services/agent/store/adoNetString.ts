// ADO.NET connection strings (`Server=…;Database=…`): which settings they may hold, and by which names.

import { MSSQL_SCHEMA, parse } from '@tediousjs/connection-string';

import { ConnectionStringError } from './connectionStringError.ts';
import { isMssqlSetting, type MssqlSetting } from './mssqlTarget.ts';

/** Names that SqlClient takes and the parser's schema does not know. */
const MORE_ALIASES: ReadonlyMap<string, string> = new Map([
  ['user', 'user id'],
  ['trust server certificate', 'trustservercertificate'],
  ['multiple active result sets', 'multipleactiveresultsets'],
]);

/** They tune ADO.NET itself. Portals put them into the strings they offer, so they are taken and mean nothing here. */
const WITHOUT_MEANING = new Set([
  'application name',
  'connectretrycount',
  'connectretryinterval',
  'connection lifetime',
  'enlist',
  'max pool size',
  'min pool size',
  'multipleactiveresultsets',
  'persist security info',
  'poolblockingperiod',
  'pooling',
  'workstation id',
]);

/** Appended to find out whether the text ends in something that is no setting: the parser would drop that silently. */
const END = 'end of the text';

const QUOTE_PASSWORD = 'If the password holds a ";", write it in double quotes.';

/** The settings by their ADO.NET names, values as text. Throws ConnectionStringError. */
export function adoNetSettings(text: string): Map<MssqlSetting, string> {
  const pairs = parsedPairs(text.replace(/[;\s]+$/, ''));
  if (!pairs.delete(END)) {
    throw new ConnectionStringError(`ends in something that is not a Name=Value pair. ${QUOTE_PASSWORD}`);
  }
  const settings = new Map<MssqlSetting, string>();
  for (const [index, [key, value]] of [...pairs].entries()) {
    const name = canonicalName(key);
    // The key is not repeated: a password with an unquoted ";" would make it part of one.
    if (name === undefined) {
      throw new ConnectionStringError(
        `has a setting that is not known, number ${index + 1}. ${QUOTE_PASSWORD}`,
      );
    }
    if (isUnquotedNothing(text, key, value)) {
      throw new ConnectionStringError(`has no value for "${key}": give one, or remove the setting.`);
    }
    if (WITHOUT_MEANING.has(name) || isOwnLogin(name, value)) continue;
    if (!isMssqlSetting(name)) {
      throw new ConnectionStringError(`has "${key}", which is not supported: remove it.`);
    }
    if (settings.has(name)) throw new ConnectionStringError(`names "${key}" twice: keep one.`);
    settings.set(name, value);
  }
  return settings;
}

function parsedPairs(text: string): Map<string, string> {
  try {
    return new Map(parse(`${text};${END}=1`).entries());
  } catch {
    // The parser's own errors say only that there is one.
    throw new ConnectionStringError(
      'has a quoted value that does not end, or goes on behind its quote: double a quote inside it.',
    );
  }
}

function canonicalName(key: string): string | undefined {
  const name = MORE_ALIASES.get(key) ?? key;
  return Object.entries(MSSQL_SCHEMA).find(
    ([main, { aliases }]) =>
      main === name || aliases?.some((alias: string) => alias.toLowerCase() === name) === true,
  )?.[0];
}

/** The parser takes the ";" behind an empty value for the first letter of one. */
function isUnquotedNothing(text: string, key: string, value: string): boolean {
  return (
    value === '' || (value.startsWith(';') && new RegExp(`${RegExp.escape(key)}\\s*=\\s*;`, 'i').test(text))
  );
}

/** True when the setting asks for a login with user and password, which is all there is. Throws when for another. */
function isOwnLogin(name: string, value: string): boolean {
  if (name === 'integrated security') {
    if (/^(false|no)$/i.test(value)) return true;
    throw new ConnectionStringError(
      'asks for Windows authentication, which is not supported: give a SQL login with User Id and Password.',
    );
  }
  if (name !== 'authentication') return false;
  if (/^sql ?password$/i.test(value)) return true;
  throw new ConnectionStringError(
    'asks for a login through Azure or Windows, which is not supported: give a SQL login with User Id and Password.',
  );
}
