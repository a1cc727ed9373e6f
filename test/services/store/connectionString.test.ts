// Connection strings: what each form means, and that what is wrong is told in one line without a secret.

import { describe, expect, it } from 'vitest';

import {
  parseConnectionString,
  type DatabaseTarget,
} from '../../../services/agent/store/connectionString.ts';
import { ConnectionStringError } from '../../../services/agent/store/connectionStringError.ts';
import type { MssqlTarget } from '../../../services/agent/store/mssqlTarget.ts';
import { passwordsIn } from '../../../services/config/logins.ts';

const ADO = 'Server=db.example.com;Database=octoporty;User Id=agent;Password=secret';

const TARGET: MssqlTarget = {
  kind: 'mssql',
  server: 'db.example.com',
  port: 1433,
  instanceName: null,
  database: 'octoporty',
  user: 'agent',
  password: 'secret',
  encrypt: true,
  trustServerCertificate: false,
  connectTimeoutMs: 10_000,
};

describe('a connection string for SQLite', () => {
  it.each([undefined, '', ' '])('that is absent (%j) means a file in the data folder', (text) => {
    expect(parseConnectionString(text, '/data')).toEqual({ kind: 'sqlite', path: '/data/octoporty.sqlite' });
  });

  it.each([
    ['sqlite:/var/lib/o.sqlite', '/var/lib/o.sqlite'],
    ['sqlite:///var/lib/o.sqlite', '/var/lib/o.sqlite'],
    ['SQLite:relative.sqlite', 'relative.sqlite'],
    ['sqlite:/a=b;c.sqlite', '/a=b;c.sqlite'],
  ])('%s names the file', (text, path) => {
    expect(parsed(text)).toEqual({ kind: 'sqlite', path });
  });

  it.each(['sqlite:', 'sqlite://', 'sqlite::memory:', 'postgres://secret@host/db', 'secret', 'mssql:secret'])(
    '%s names no file and no server, and is refused',
    (text) => expectRefusal(text, /must be /),
  );
});

describe('a connection string as a URL', () => {
  it('names a SQL Server, with encryption checked by default', () => {
    expect(parsed('mssql://agent:secret@db.example.com/octoporty')).toEqual(TARGET);
    expect(parsed('MSSQL://agent:secret@db.example.com:1433/octoporty')).toEqual(TARGET);
  });

  it('carries settings behind its question mark', () => {
    const query = 'encrypt=false&trustServerCertificate=true&connectTimeout=30';
    expect(parsed(`mssql://agent:secret@db.example.com:14330/octoporty?${query}`)).toEqual({
      ...TARGET,
      port: 14_330,
      encrypt: false,
      trustServerCertificate: true,
      connectTimeoutMs: 30_000,
    });
  });

  it('names an instance instead of a port', () => {
    expect(parsed('mssql://agent:secret@db/octoporty?instanceName=SQLEXPRESS')).toMatchObject({
      port: null,
      instanceName: 'SQLEXPRESS',
    });
  });

  it('has its user, password and database percent-encoded', () => {
    expect(parsed('mssql://a%40b:p%40s%2Fs%3Aw%25%C3%B6@[fd00::1]/my%20db')).toMatchObject({
      server: 'fd00::1',
      user: 'a@b',
      password: 'p@s/s:w%ö',
      database: 'my db',
    });
  });

  it.each([
    ['mssql://agent:secret@db.example.com/', /names no database/],
    ['mssql://agent:secret@/octoporty', /must be like mssql:|names no server/],
    ['mssql://db.example.com/secret', /names no user/],
    ['mssql://agent@db.example.com/octoporty', /names no password/],
    ['mssql://agent:secret@db:99999/octoporty', /a port from 1 to 65535/],
    ['mssql://agent:secret@db:0/octoporty', /a port from 1 to 65535/],
    ['mssql://agent:secret/x@db/octoporty', /percent-encode/],
    ['mssql://agent:secret%@db/octoporty', /in the password .* write it as %25/],
    ['mssql://agent:secret@db/octoporty?encrypt=maybe', /Encrypt as true or false/],
    ['mssql://agent:x?secret=1@db/octoporty', /percent-encode|not known/],
    ['mssql://agent:secret@db/octoporty?pool=3', /not known: use encrypt/],
    ['mssql://agent:secret@db/octoporty?connectTimeout=0', /from 1 to 120 seconds/],
  ])('%s is refused', expectRefusal);
});

describe('a connection string as ADO.NET writes it', () => {
  it('names a SQL Server, with encryption checked by default', () => {
    expect(parsed(ADO)).toEqual(TARGET);
    expect(parsed(`${ADO};`)).toEqual(TARGET);
  });

  it('may use each other name of a setting, in any case', () => {
    const text =
      'DATA SOURCE=tcp:db.example.com,1433; initial catalog=octoporty; UID=agent; pwd=secret; Trust Server Certificate=no; Connect Timeout=10';
    expect(parsed(text)).toEqual(TARGET);
  });

  it('may be what a portal offers', () => {
    const text =
      'Server=tcp:db.example.com,1433;Initial Catalog=octoporty;Persist Security Info=False;User ID=agent;Password=secret;MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;Connection Timeout=10;';
    expect(parsed(text)).toEqual(TARGET);
  });

  it.each([
    ['db', { server: 'db', port: 1433, instanceName: null }],
    ['db,14330', { server: 'db', port: 14_330, instanceName: null }],
    ['tcp:db, 14330', { server: 'db', port: 14_330, instanceName: null }],
    ['db\\SQLEXPRESS', { server: 'db', port: null, instanceName: 'SQLEXPRESS' }],
    ['db\\SQLEXPRESS,14330', { server: 'db', port: 14_330, instanceName: null }],
    ['.', { server: 'localhost', port: 1433 }],
    ['(local)', { server: 'localhost', port: 1433 }],
    ['10.0.0.5', { server: '10.0.0.5', port: 1433 }],
    ['[fd00::1],14330', { server: 'fd00::1', port: 14_330 }],
  ])('reaches Server=%s', (server, expected) => {
    expect(parsed(ADO.replace('db.example.com', server))).toMatchObject(expected);
  });

  it.each([
    ['"se;cr=et"', 'se;cr=et'],
    ['"se""cret"', 'se"cret'],
    ["'se;cret'", 'se;cret'],
    ['{se;cret}', 'se;cret'],
    ['{se}}cret}', 'se}cret'],
    ['se cr=et', 'se cr=et'],
    ['";secret"', ';secret'],
  ])('has the password quoted as %s', (written, password) => {
    expect(parsed(ADO.replace('secret', written))).toMatchObject({ password });
  });

  it.each([
    ['true', true],
    ['Yes', true],
    ['mandatory', true],
    ['False', false],
    ['optional', false],
    ['strict', 'strict'],
  ])('has Encrypt=%s', (word, encrypt) => {
    expect(parsed(`${ADO};Encrypt=${word}`)).toMatchObject({ encrypt });
  });

  it.each([
    ['Database=x;User Id=a;Password=secret', /names no server/],
    ['Server=db;User Id=a;Password=secret', /names no database/],
    ['Server=db;Database=x;Password=secret', /names no user/],
    ['Server=db;Database=x;User Id=a', /names no password/],
    ['Server=db;Database=x;User Id=a;Password=;Encrypt=false', /no value for "password"/],
    ['Server=;Database=x;User Id=a;Password=secret', /no value for "server"/],
    [`${ADO};garbage`, /not a Name=Value pair/],
    [`${ADO};garbage;Encrypt=false`, /not known, number 5/],
    [
      `Server=db;Database=x;User Id=a;Password=top;secret=1;Encrypt=true`,
      /not known, number 5.* double quotes/,
    ],
    [`${ADO};Encrypt=maybe`, /Encrypt as true or false/],
    [`${ADO};TrustServerCertificate=1`, /TrustServerCertificate as true or false/],
    [`${ADO};Connect Timeout=soon`, /from 1 to 120 seconds/],
    [`${ADO};pwd=other`, /names "pwd" twice/],
    [`${ADO};Failover Partner=db2`, /has "failover partner", which is not supported/],
    ['Server=db;Database=x;Integrated Security=SSPI', /Windows authentication/],
    ['Server=db;Database=x;Trusted_Connection=True', /Windows authentication/],
    [`${ADO};Authentication=Active Directory Password`, /Azure or Windows/],
    ['Server=db;Database=x;User Id=a;Password="secret', /a quoted value that does not end/],
    ['Server=db;Database=x;User Id=a;Password="secret"more', /a quoted value that does not end/],
    [ADO.replace('db.example.com', 'db,99999'), /a port from 1 to 65535/],
    [ADO.replace('db.example.com', 'db,'), /a port from 1 to 65535/],
    [ADO.replace('db.example.com', 'np:\\\\.\\pipe\\sql'), /no protocol but tcp:/],
    [ADO.replace('db.example.com', '(localdb)\\MSSQLLocalDB'), /a server we cannot reach/],
  ])('%s is refused', expectRefusal);

  it('may name a login with user and password in words', () => {
    expect(parsed(`${ADO};Integrated Security=false;Authentication=Sql Password`)).toEqual(TARGET);
  });
});

describe('the password in a connection string', () => {
  it.each([
    'mssql://sa:top%3Bsecret@db/x',
    'mssql://sa:top@secret@db/x',
    'Password="top;secret";Encrypt=true',
    'PWD = "top""secret" ;Encrypt=true',
    "Password='top;secret';Encrypt=true",
    'Password={top;secret};Encrypt=true',
    'Password={top}}secret};Encrypt=true',
    'Password=top;;secret;Encrypt=true',
    'Password=top=secret',
  ])('of %s is known to the log as the driver will know it', (text) => {
    const target = parsed(text.startsWith('mssql:') ? text : `${text};Server=db;Database=x;User Id=sa`);
    expect(passwordsIn(text)).toContain(target.kind === 'mssql' && target.password);
  });

  it('is known as it is written, too', () => {
    expect(passwordsIn('mssql://sa:top%3Bsecret@db/x?a=b@c')).toEqual(
      expect.arrayContaining(['top%3Bsecret', 'top;secret']),
    );
    expect(passwordsIn('Server=db;Password="top""secret"')).toContain('top""secret');
    expect(passwordsIn('Password=first;Server=db;Pwd=second')).toEqual(
      expect.arrayContaining(['first', 'second']),
    );
  });
});

function parsed(text: string): DatabaseTarget {
  return parseConnectionString(text, '/nonexistent');
}

function expectRefusal(text: string, reason: RegExp): void {
  const act = () => parsed(text);
  expect(act).toThrow(ConnectionStringError);
  expect(act).toThrow(reason);
  expect(act).toThrow(/^OCTOPORTY_CONNECTION_STRING (?!.*(secret|top))[^\n]*\.$/);
}
