// Opening a store on SQL Server's dialect: what is sent to which server, and what is left when it fails.

import { describe, expect, it } from 'vitest';

import { expectStoreError } from './contract.ts';
import { FILLED, storeAt, storeOn, TARGET } from './mssqlOnStandIn.ts';
import { ServerError } from './standInDriver.ts';

describe('opening a store on SQL Server', () => {
  it('migrates an empty database under one lock, each migration in a transaction of its own', async () => {
    const { driver, store } = storeOn();
    await store.open();
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "DECLARE @ms_ver NVARCHAR(20); SET @ms_ver = REVERSE(CONVERT(NVARCHAR(20), SERVERPROPERTY('ProductVersion'))); SELECT REVERSE(SUBSTRING(@ms_ver, CHARINDEX('.', @ms_ver)+1, 20)) AS 'version'",
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty migrations', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "SELECT TABLE_NAME, TABLE_SCHEMA FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME = N'migrations' AND TABLE_SCHEMA = N'dbo'",
        "IF OBJECT_ID('[migrations]', 'U') IS NULL CREATE TABLE [migrations] ([name] NVARCHAR(255) NOT NULL UNIQUE , PRIMARY KEY ([name]));",
        "EXEC sys.sp_helpindex @objname = N'[migrations]';",
        "SELECT [name] FROM [migrations] AS [Migration] ORDER BY [Migration].[name] ASC;",
        "SELECT TABLE_NAME, TABLE_SCHEMA FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME = N'migrations' AND TABLE_SCHEMA = N'dbo'",
        "IF OBJECT_ID('[migrations]', 'U') IS NULL CREATE TABLE [migrations] ([name] NVARCHAR(255) NOT NULL UNIQUE , PRIMARY KEY ([name]));",
        "EXEC sys.sp_helpindex @objname = N'[migrations]';",
        "SELECT [name] FROM [migrations] AS [Migration] ORDER BY [Migration].[name] ASC;",
        "BEGIN",
        "IF OBJECT_ID('[port_mappings]', 'U') IS NULL CREATE TABLE [port_mappings] ([id] NCHAR(36) COLLATE Latin1_General_100_BIN2 , [name] NVARCHAR(255) NOT NULL, [externalDomain] NVARCHAR(255) COLLATE Latin1_General_100_CI_AS NOT NULL, [externalPort] INTEGER NOT NULL, [internalHost] NVARCHAR(255) NOT NULL, [internalPort] INTEGER NOT NULL, [internalProtocol] NVARCHAR(255) NOT NULL, [allowInvalidCertificates] BIT NOT NULL, [hostHeader] NVARCHAR(259) NOT NULL, [enabled] BIT NOT NULL, [createdAt] DATETIMEOFFSET NOT NULL, [updatedAt] DATETIMEOFFSET NOT NULL, PRIMARY KEY ([id]));",
        "CREATE UNIQUE INDEX [port_mappings_domain_port] ON [port_mappings] ([externalDomain], [externalPort])",
        "IF OBJECT_ID('[config]', 'U') IS NULL CREATE TABLE [config] ([id] INTEGER , [revision] BIGINT NOT NULL, PRIMARY KEY ([id]));",
        "INSERT INTO [config] ([id],[revision]) VALUES (1,0);",
        "INSERT INTO [migrations] ([name]) OUTPUT INSERTED.[name] VALUES ("0001-port-mappings");",
        "COMMIT",
        "BEGIN",
        "IF OBJECT_ID('[request_logs]', 'U') IS NULL CREATE TABLE [request_logs] ([id] NCHAR(36) COLLATE Latin1_General_100_BIN2 , [portMappingId] NCHAR(36) COLLATE Latin1_General_100_BIN2 NOT NULL, [timestamp] DATETIMEOFFSET NOT NULL, [method] NVARCHAR(255) NOT NULL, [path] NVARCHAR(MAX) NOT NULL, [statusCode] INTEGER NULL, [durationMs] DOUBLE PRECISION NOT NULL, [bytesIn] BIGINT NOT NULL, [bytesOut] BIGINT NOT NULL, [outcome] NVARCHAR(255) NOT NULL, [errorCode] NVARCHAR(255) NULL, [visitorAddress] NVARCHAR(255) NOT NULL, PRIMARY KEY ([id]));",
        "CREATE INDEX [request_logs_of_mapping] ON [request_logs] ([portMappingId], [id])",
        "IF OBJECT_ID('[connection_logs]', 'U') IS NULL CREATE TABLE [connection_logs] ([id] NCHAR(36) COLLATE Latin1_General_100_BIN2 , [connectedAt] DATETIMEOFFSET NOT NULL, [disconnectedAt] DATETIMEOFFSET NULL, [disconnectReason] NVARCHAR(MAX) NULL, [gatewayVersion] NVARCHAR(255) NOT NULL, [agentVersion] NVARCHAR(255) NOT NULL, PRIMARY KEY ([id]));",
        "INSERT INTO [migrations] ([name]) OUTPUT INSERTED.[name] VALUES ("0002-logs");",
        "COMMIT",
        "BEGIN",
        "ALTER TABLE [request_logs] ADD [firstByteMs] DOUBLE PRECISION NULL;",
        "INSERT INTO [migrations] ([name]) OUTPUT INSERTED.[name] VALUES ("0003-first-byte");",
        "COMMIT",
        "COMMIT",
      ]
    `);
  });

  it('changes nothing in a database that is as it should be', async () => {
    const { driver, store } = storeOn(FILLED);
    await store.open();
    expect(driver.taken().filter((sql) => /PORT_MAPPINGS|CONFIG|_LOGS|INSERT/i.test(sql))).toEqual([]);
  });

  it('leaves a database alone that a newer version has migrated', async () => {
    const { driver, store } = storeOn((sql) =>
      sql.includes('FROM [migrations]') ? [{ name: '9999-later' }] : undefined,
    );
    await expectStoreError(store.open(), 'unavailable', /newer version \(9999-later\)/);
    expect(driver.openCount()).toBe(0);
  });

  it('encrypts and checks the certificate unless told otherwise, and names its patience', async () => {
    const { driver, store } = storeOn(FILLED);
    await store.open();
    expect(driver.configs[0]).toMatchObject({
      server: 'db.example.com',
      authentication: { type: 'default', options: { userName: 'agent', password: 'secret' } },
      options: {
        port: 1433,
        database: 'octoporty',
        encrypt: true,
        trustServerCertificate: false,
        useUTC: true,
        connectTimeout: 1000,
        requestTimeout: 10_000,
      },
    });
  });

  it('leaves the port to an instance that is named', async () => {
    const { driver, store } = storeAt({ ...TARGET, port: null, instanceName: 'SQLEXPRESS' }, FILLED);
    await store.open();
    expect(driver.configs[0]).toMatchObject({ options: { instanceName: 'SQLEXPRESS' } });
    expect(driver.configs[0]).not.toHaveProperty('options.port');
  });

  it.each([
    ['to learn the version', 'ProductVersion'],
    ['to take the lock', 'sp_getapplock'],
    ['to migrate', 'CREATE TABLE [port_mappings]'],
  ])('that fails %s leaves no connection, and succeeds when it is tried again', async (_, statement) => {
    let isBroken = true;
    const { driver, store } = storeOn((sql) =>
      isBroken && sql.includes(statement) ? new ServerError(50_000, 'Out of order.') : undefined,
    );
    await expectStoreError(store.open(), 'unavailable', /Out of order/);
    expect(driver.openCount()).toBe(0);
    isBroken = false;
    await store.open();
  });

  it('waits while another process migrates, until it is closed', async () => {
    let asked = 0;
    const { driver, store } = storeOn((sql) => {
      if (!sql.includes('sp_getapplock')) return undefined;
      asked += 1;
      return [{ outcome: -1 }];
    });
    const opening = expectStoreError(store.open(), 'unavailable', /The lock "octoporty migrations"/);
    await expect.poll(() => asked).toBeGreaterThan(1);
    await store.close();
    await opening;
    expect(driver.taken().join('\n')).not.toContain('CREATE');
  });
});
