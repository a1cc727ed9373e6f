// The real store and journal on SQL Server's dialect: each statement they send, and what they make of the answers.

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import type { Journal } from '../../../services/agent/store/journal.ts';
import { createStoreOn } from '../../../services/agent/store/localStore.ts';
import { mssqlDatabase } from '../../../services/agent/store/mssqlDatabase.ts';
import type { MssqlTarget } from '../../../services/agent/store/mssqlTarget.ts';
import type { Store } from '../../../services/agent/store/store.ts';
import { expectStoreError } from './contract.ts';
import { draft } from './drafts.ts';
import {
  ConnectionLost,
  ServerError,
  standInDriver,
  type Answer,
  type StandInDriver,
} from './standInDriver.ts';

const ID = '00000000-0000-4000-8000-00000000000a';
const OTHER_ID = '00000000-0000-4000-8000-00000000000b';
const AT = '2026-01-31T12:00:00.123Z';

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
  connectTimeoutMs: 1000,
};

const ROW = { ...draft(), id: ID, createdAt: new Date(AT), updatedAt: new Date(AT) };

/** A server that has been migrated, and holds one mapping at revision 7. */
const FILLED: Answer = (sql) => {
  if (sql.includes('FROM [migrations]')) return [{ name: '0001-port-mappings' }, { name: '0002-logs' }];
  if (sql.includes('FROM [config]')) return [{ id: 1, revision: '7' }];
  if (sql.includes('count(*)')) return [{ count: 1 }];
  return /^SELECT .* FROM \[port_mappings\]/.test(sql) ? [ROW] : undefined;
};

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
        "CREATE INDEX [request_logs_newest] ON [request_logs] ([timestamp], [id])",
        "CREATE INDEX [request_logs_newest_of_mapping] ON [request_logs] ([portMappingId], [timestamp], [id])",
        "IF OBJECT_ID('[connection_logs]', 'U') IS NULL CREATE TABLE [connection_logs] ([id] NCHAR(36) COLLATE Latin1_General_100_BIN2 , [connectedAt] DATETIMEOFFSET NOT NULL, [disconnectedAt] DATETIMEOFFSET NULL, [disconnectReason] NVARCHAR(MAX) NULL, [gatewayVersion] NVARCHAR(255) NOT NULL, [agentVersion] NVARCHAR(255) NOT NULL, PRIMARY KEY ([id]));",
        "CREATE INDEX [connection_logs_newest] ON [connection_logs] ([connectedAt], [id])",
        "INSERT INTO [migrations] ([name]) OUTPUT INSERTED.[name] VALUES ("0002-logs");",
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

describe('the mappings on SQL Server', () => {
  it('are read with their revision under a shared lock, bytewise in order', async () => {
    const { driver, store } = await openOn((sql) =>
      sql.includes('FROM [port_mappings]')
        ? [
            { ...ROW, externalDomain: 'a.example' },
            { ...ROW, externalDomain: 'a-b.example', externalPort: 8443 },
            { ...ROW, externalDomain: 'a-b.example' },
          ]
        : undefined,
    );
    const { revision, mappings } = await store.readAll();
    expect(revision).toBe(7);
    expect(mappings.map((mapping) => `${mapping.externalDomain}:${mapping.externalPort}`)).toEqual([
      'a-b.example:443',
      'a-b.example:8443',
      'a.example:443',
    ]);
    expect(mappings[0]).toMatchObject({ id: ID, createdAt: AT, updatedAt: AT, enabled: true });
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty mappings', @LockMode = N'Shared', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "SELECT [id], [name], [externalDomain], [externalPort], [internalHost], [internalPort], [internalProtocol], [allowInvalidCertificates], [hostHeader], [enabled], [createdAt], [updatedAt] FROM [port_mappings] AS [PortMapping];",
        "SELECT [id], [revision] FROM [config] AS [Config] WHERE [Config].[id] = 1;",
        "COMMIT",
      ]
    `);
  });

  it('are created alone, together with the next revision', async () => {
    const { driver, store } = await openOn();
    await store.create(draft({ name: `O'Größe; --` }));
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty mappings', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "SELECT count(*) AS [count] FROM [port_mappings] AS [PortMapping];",
        "INSERT INTO [port_mappings] ([id],[name],[externalDomain],[externalPort],[internalHost],[internalPort],[internalProtocol],[allowInvalidCertificates],[hostHeader],[enabled],[createdAt],[updatedAt]) OUTPUT INSERTED.[id],INSERTED.[name],INSERTED.[externalDomain],INSERTED.[externalPort],INSERTED.[internalHost],INSERTED.[internalPort],INSERTED.[internalProtocol],INSERTED.[allowInvalidCertificates],INSERTED.[hostHeader],INSERTED.[enabled],INSERTED.[createdAt],INSERTED.[updatedAt] VALUES ("00000000-0000-4000-8000-00000000000a","O'Größe; --","app.example.com",443,"localhost",3000,"http",false,"preserve",true,"2026-01-31 12:00:00.123 +00:00","2026-01-31 12:00:00.123 +00:00");",
        "UPDATE [config] SET [revision]=[revision]+ 1 OUTPUT INSERTED.* WHERE [id] = 1",
        "SELECT [id], [revision] FROM [config] AS [Config] WHERE [Config].[id] = 1;",
        "COMMIT",
      ]
    `);
  });

  it('are found by domain', async () => {
    const { driver, store } = await openOn();
    await store.upsertByDomain(draft({ externalDomain: 'App.Example.com', internalPort: 99 }));
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty mappings', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "SELECT [id], [name], [externalDomain], [externalPort], [internalHost], [internalPort], [internalProtocol], [allowInvalidCertificates], [hostHeader], [enabled], [createdAt], [updatedAt] FROM [port_mappings] AS [PortMapping] WHERE [PortMapping].[externalDomain] = N'app.example.com' AND [PortMapping].[externalPort] = 443 ORDER BY [PortMapping].[id] OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY;",
        "UPDATE [port_mappings] SET [updatedAt]="2026-01-31 12:00:00.124 +00:00",[internalPort]=99 WHERE [id] = "00000000-0000-4000-8000-00000000000a"",
        "UPDATE [config] SET [revision]=[revision]+ 1 OUTPUT INSERTED.* WHERE [id] = 1",
        "SELECT [id], [revision] FROM [config] AS [Config] WHERE [Config].[id] = 1;",
        "COMMIT",
      ]
    `);
  });

  it('are changed by id', async () => {
    const { driver, store } = await openOn();
    await store.update(ID, { enabled: false }, AT);
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty mappings', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "SELECT [id], [name], [externalDomain], [externalPort], [internalHost], [internalPort], [internalProtocol], [allowInvalidCertificates], [hostHeader], [enabled], [createdAt], [updatedAt] FROM [port_mappings] AS [PortMapping] WHERE [PortMapping].[id] = N'00000000-0000-4000-8000-00000000000a';",
        "UPDATE [port_mappings] SET [updatedAt]="2026-01-31 12:00:00.124 +00:00",[enabled]=false WHERE [id] = "00000000-0000-4000-8000-00000000000a"",
        "UPDATE [config] SET [revision]=[revision]+ 1 OUTPUT INSERTED.* WHERE [id] = 1",
        "SELECT [id], [revision] FROM [config] AS [Config] WHERE [Config].[id] = 1;",
        "COMMIT",
      ]
    `);
  });

  it('are removed by id', async () => {
    const { driver, store } = await openOn();
    await store.remove(ID);
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty mappings', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "SELECT [id], [name], [externalDomain], [externalPort], [internalHost], [internalPort], [internalProtocol], [allowInvalidCertificates], [hostHeader], [enabled], [createdAt], [updatedAt] FROM [port_mappings] AS [PortMapping] WHERE [PortMapping].[id] = N'00000000-0000-4000-8000-00000000000a';",
        "DELETE FROM [port_mappings] WHERE [id] = N'00000000-0000-4000-8000-00000000000a'; SELECT @@ROWCOUNT AS AFFECTEDROWS;",
        "UPDATE [config] SET [revision]=[revision]+ 1 OUTPUT INSERTED.* WHERE [id] = 1",
        "SELECT [id], [revision] FROM [config] AS [Config] WHERE [Config].[id] = 1;",
        "COMMIT",
      ]
    `);
  });

  it('are asked for by a ping, and written as they were by a probe', async () => {
    const { driver, store } = await openOn();
    await store.ping();
    await store.probe();
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty mappings', @LockMode = N'Shared', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "SELECT [id], [revision] FROM [config] AS [Config] WHERE [Config].[id] = 1;",
        "COMMIT",
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty mappings', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "UPDATE [config] SET [revision]=[revision]+ 0 OUTPUT INSERTED.* WHERE [id] = 1",
        "COMMIT",
      ]
    `);
  });
});

describe('what SQL Server says is wrong', () => {
  it('is a duplicate when the index of domain and port says so, and nothing is committed', async () => {
    const { driver, store } = await openOn((sql) =>
      sql.startsWith('INSERT INTO [port_mappings]')
        ? new ServerError(
            2601,
            "Cannot insert duplicate key row in object 'dbo.port_mappings' with unique index 'port_mappings_domain_port'. The duplicate key value is (app.example.com, 443).",
          )
        : undefined,
    );
    await expectStoreError(store.create(draft()), 'duplicate');
    expect(driver.taken().at(-1)).toBe('ROLLBACK');
  });

  it.each([
    [824, 'corrupt'],
    [823, 'corrupt'],
    [1205, 'unavailable'],
    [1105, 'unavailable'],
  ] as const)('as error %i is %s, and the next call is a call of its own', async (number, code) => {
    let isBroken = true;
    const { store } = await openOn((sql) =>
      isBroken && sql.startsWith('UPDATE [config]') ? new ServerError(number, 'It says why.') : undefined,
    );
    await expectStoreError(store.create(draft()), code, /It says why/);
    isBroken = false;
    expect((await store.create(draft())).revision).toBe(7);
  });

  it.each(['sp_getapplock', 'INSERT INTO [port_mappings]', 'UPDATE [config]'])(
    'is unavailable when the connection is lost at %s, and the next call takes a new one',
    async (statement) => {
      let isBroken = false;
      const { driver, store } = await openOn((sql) =>
        isBroken && sql.includes(statement) ? new ConnectionLost('The socket hung up.') : undefined,
      );
      isBroken = true;
      // Sequelize says on the console itself that it could not roll back.
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      onTestFinished(() => warn.mockRestore());
      await expectStoreError(store.create(draft()), 'unavailable');
      expect(driver.taken()).not.toContain('COMMIT');
      isBroken = false;
      expect((await store.create(draft())).revision).toBe(7);
      await store.close();
      expect(driver.openCount()).toBe(0);
    },
  );

  it('is unavailable when the lock of the mappings is refused', async () => {
    const { driver, store } = await openOn((sql) =>
      sql.includes("N'octoporty mappings'") ? [{ outcome: -3 }] : undefined,
    );
    await expectStoreError(store.create(draft()), 'unavailable', /The lock "octoporty mappings"/);
    expect(driver.taken().slice(-1)).toEqual(['ROLLBACK']);
  });
});

describe('the journal on SQL Server', () => {
  const entry: RequestLogEntry = {
    id: ID,
    portMappingId: OTHER_ID,
    timestamp: AT,
    method: 'GET',
    path: "/ü'[x]",
    statusCode: 200,
    durationMs: 1.5,
    bytesIn: 5,
    bytesOut: 2 ** 40,
    outcome: 'complete',
    errorCode: null,
    visitorAddress: '::1',
  };

  it('appends in one transaction what is not there yet', async () => {
    const { driver, journal } = await openOn((sql) =>
      sql.startsWith('SELECT [id] FROM [request_logs]') ? [{ id: OTHER_ID }] : undefined,
    );
    const connection = {
      id: ID,
      connectedAt: AT,
      disconnectedAt: null,
      disconnectReason: null,
      gatewayVersion: '1.0.0',
      agentVersion: '1.0.0',
    };
    await journal.append({ requests: [entry, { ...entry, id: OTHER_ID }], connections: [connection] });
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT [id] FROM [request_logs] AS [RequestLog] WHERE [RequestLog].[id] IN (N'00000000-0000-4000-8000-00000000000a', N'00000000-0000-4000-8000-00000000000b');",
        "INSERT INTO [request_logs] ([id],[portMappingId],[timestamp],[method],[path],[statusCode],[durationMs],[bytesIn],[bytesOut],[outcome],[errorCode],[visitorAddress]) OUTPUT INSERTED.[id],INSERTED.[portMappingId],INSERTED.[timestamp],INSERTED.[method],INSERTED.[path],INSERTED.[statusCode],INSERTED.[durationMs],INSERTED.[bytesIn],INSERTED.[bytesOut],INSERTED.[outcome],INSERTED.[errorCode],INSERTED.[visitorAddress] VALUES (N'00000000-0000-4000-8000-00000000000a',N'00000000-0000-4000-8000-00000000000b','2026-01-31 12:00:00.123 +00:00',N'GET',N'/ü''[x]',200,1.5,5,1099511627776,N'complete',NULL,N'::1');",
        "MERGE INTO [connection_logs] WITH(HOLDLOCK) AS [connection_logs_target] USING (VALUES(N'00000000-0000-4000-8000-00000000000a', '2026-01-31 12:00:00.123 +00:00', NULL, NULL, N'1.0.0', N'1.0.0')) AS [connection_logs_source]([id], [connectedAt], [disconnectedAt], [disconnectReason], [gatewayVersion], [agentVersion]) ON [connection_logs_target].[id] = [connection_logs_source].[id] WHEN MATCHED THEN UPDATE SET [connection_logs_target].[id] = N'00000000-0000-4000-8000-00000000000a', [connection_logs_target].[connectedAt] = '2026-01-31 12:00:00.123 +00:00', [connection_logs_target].[disconnectedAt] = NULL, [connection_logs_target].[disconnectReason] = NULL, [connection_logs_target].[gatewayVersion] = N'1.0.0', [connection_logs_target].[agentVersion] = N'1.0.0' WHEN NOT MATCHED THEN INSERT ([id], [connectedAt], [disconnectedAt], [disconnectReason], [gatewayVersion], [agentVersion]) VALUES(N'00000000-0000-4000-8000-00000000000a', '2026-01-31 12:00:00.123 +00:00', NULL, NULL, N'1.0.0', N'1.0.0') OUTPUT $action, INSERTED.*;",
        "COMMIT",
      ]
    `);
  });

  it('reads requests by every filter, wildcards taken as they are', async () => {
    const { driver, journal } = await openOn((sql) =>
      sql.includes('FROM [request_logs]')
        ? [{ ...entry, timestamp: new Date(AT), bytesIn: '5', bytesOut: '1099511627776' }]
        : undefined,
    );
    const query = { mappingId: OTHER_ID, method: 'GET', status: '5xx', path: "ü'[50%]_!", limit: 50 };
    expect(await journal.readRequests(query)).toEqual([entry]);
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT [id], [portMappingId], [timestamp], [method], [path], [statusCode], [durationMs], [bytesIn], [bytesOut], [outcome], [errorCode], [visitorAddress] FROM [request_logs] AS [RequestLog] WHERE ([RequestLog].[portMappingId] = N'00000000-0000-4000-8000-00000000000b' AND [RequestLog].[method] = N'GET' AND [RequestLog].[statusCode] BETWEEN 500 AND 599 AND [RequestLog].[path] LIKE N'%ü''![50!%]!_!!%' ESCAPE '!') ORDER BY [RequestLog].[timestamp] DESC, [RequestLog].[id] DESC OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY;",
        "COMMIT",
      ]
    `);
  });

  it('reads the page after an entry', async () => {
    const { driver, journal } = await openOn((sql) =>
      sql.includes('FROM [request_logs]')
        ? [{ ...entry, timestamp: new Date(AT), bytesIn: '5', bytesOut: '5' }]
        : undefined,
    );
    await journal.readRequests({ before: ID, limit: 50 });
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT [id], [timestamp] FROM [request_logs] AS [RequestLog] WHERE [RequestLog].[id] = N'00000000-0000-4000-8000-00000000000a';",
        "SELECT [id], [portMappingId], [timestamp], [method], [path], [statusCode], [durationMs], [bytesIn], [bytesOut], [outcome], [errorCode], [visitorAddress] FROM [request_logs] AS [RequestLog] WHERE ((([RequestLog].[timestamp] < N'2026-01-31 12:00:00.123 +00:00' OR [RequestLog].[id] < N'00000000-0000-4000-8000-00000000000a') AND [RequestLog].[timestamp] <= N'2026-01-31 12:00:00.123 +00:00')) ORDER BY [RequestLog].[timestamp] DESC, [RequestLog].[id] DESC OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY;",
        "COMMIT",
      ]
    `);
  });

  it('reads connections, those online with no end', async () => {
    const { driver, journal } = await openOn((sql) =>
      sql.includes('FROM [connection_logs]')
        ? [
            {
              id: ID,
              connectedAt: new Date(AT),
              disconnectedAt: null,
              disconnectReason: null,
              gatewayVersion: '1',
              agentVersion: '1',
            },
          ]
        : undefined,
    );
    const [read] = await journal.readConnections({ before: ID, limit: 50 });
    expect(read).toMatchObject({ id: ID, connectedAt: AT, disconnectedAt: null });
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT [id], [connectedAt], [disconnectedAt], [disconnectReason], [gatewayVersion], [agentVersion] FROM [connection_logs] AS [ConnectionLog] WHERE [ConnectionLog].[id] = N'00000000-0000-4000-8000-00000000000a';",
        "SELECT [id], [connectedAt], [disconnectedAt], [disconnectReason], [gatewayVersion], [agentVersion] FROM [connection_logs] AS [ConnectionLog] WHERE ((([ConnectionLog].[connectedAt] < N'2026-01-31 12:00:00.123 +00:00' OR [ConnectionLog].[id] < N'00000000-0000-4000-8000-00000000000a') AND [ConnectionLog].[connectedAt] <= N'2026-01-31 12:00:00.123 +00:00')) ORDER BY [ConnectionLog].[connectedAt] DESC, [ConnectionLog].[id] DESC OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY;",
        "COMMIT",
      ]
    `);
  });

  it('prunes in bounded steps by age and count', async () => {
    const { driver, journal } = await openOn((sql) => {
      if (/^SELECT .*_logs\]/.test(sql))
        return [{ id: ID, timestamp: new Date(AT), connectedAt: new Date(AT) }];
      return sql.startsWith('DELETE') ? [{ AFFECTEDROWS: 500 }] : undefined;
    });
    const retention = { maxAgeMs: 86_400_000, maxRows: 1000 };
    expect(await journal.prune(retention, Date.parse(AT))).toBe(true);
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT [id], [timestamp] FROM [request_logs] AS [RequestLog] ORDER BY [RequestLog].[timestamp] DESC, [RequestLog].[id] DESC OFFSET 1000 ROWS FETCH NEXT 1 ROWS ONLY;",
        "DELETE TOP(500) FROM [request_logs] WHERE ([timestamp] < N'2026-01-31 12:00:00.123 +00:00' OR [id] <= N'00000000-0000-4000-8000-00000000000a') AND [timestamp] <= N'2026-01-31 12:00:00.123 +00:00'; SELECT @@ROWCOUNT AS AFFECTEDROWS;",
        "SELECT [id], [connectedAt] FROM [connection_logs] AS [ConnectionLog] ORDER BY [ConnectionLog].[connectedAt] DESC, [ConnectionLog].[id] DESC OFFSET 1000 ROWS FETCH NEXT 1 ROWS ONLY;",
        "DELETE TOP(500) FROM [connection_logs] WHERE ([disconnectedAt] IS NOT NULL AND (([connectedAt] < N'2026-01-31 12:00:00.123 +00:00' OR [id] <= N'00000000-0000-4000-8000-00000000000a') AND [connectedAt] <= N'2026-01-31 12:00:00.123 +00:00')); SELECT @@ROWCOUNT AS AFFECTEDROWS;",
        "COMMIT",
      ]
    `);
  });

  it('ends what a process that is gone has left online', async () => {
    const { driver, journal } = await openOn();
    await journal.endAbandoned(Date.parse(AT));
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "UPDATE [connection_logs] SET [disconnectedAt]="2026-01-31 12:00:00.123 +00:00" WHERE [disconnectedAt] IS NULL",
        "COMMIT",
      ]
    `);
  });
});

interface Opened {
  readonly driver: StandInDriver;
  readonly store: Store;
  readonly journal: Journal;
}

function storeOn(...answers: Answer[]): Opened {
  return storeAt(TARGET, ...answers);
}

function storeAt(target: MssqlTarget, ...answers: Answer[]): Opened {
  const driver = standInDriver(...answers);
  const both = createStoreOn(
    mssqlDatabase(target, { info: () => {} }, { loadDriver: driver.load }),
    source(),
  );
  onTestFinished(() => both.store.close());
  return { driver, ...both };
}

/** A store on the filled server, open, with nothing taken yet; the answers win over the server's. */
async function openOn(...answers: Answer[]): Promise<Opened> {
  const all = storeOn(FILLED, ...answers);
  await all.store.open();
  all.driver.taken();
  return all;
}

function source() {
  return { wallMs: () => Date.parse(AT), newId: () => ID };
}
