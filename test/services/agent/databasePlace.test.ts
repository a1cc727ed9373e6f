// Owns the tests of where the database is, as people are told: never with what lets somebody in.

import { expect, test } from 'vitest';
import { databasePlace } from '../../../services/agent/databasePlace.ts';

test.each([
  [null, 'sqlite', '/data/octoporty.sqlite'],
  ['sqlite:/srv/tunnel.sqlite', 'sqlite', '/srv/tunnel.sqlite'],
  [
    'mssql://sa:s3cret%21@db.example.com:1444/octoporty?encrypt=true',
    'mssql',
    'db.example.com:1444/octoporty',
  ],
  [
    'Server=db.example.com;Database=octoporty;User Id=sa;Password=s3cret!',
    'mssql',
    'db.example.com:1433/octoporty',
  ],
  [
    'Server=db.example.com\\SQLEXPRESS;Database=octoporty;User Id=sa;Password=s3cret!',
    'mssql',
    'db.example.com\\SQLEXPRESS/octoporty',
  ],
])('the database of %s is %s at %s', (connectionString, kind, place) => {
  expect(databasePlace(connectionString, '/data')).toEqual({ kind, place });
});
