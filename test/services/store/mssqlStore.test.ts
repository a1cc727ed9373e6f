// The real store on SQL Server's dialect: each statement it sends, and what it makes of the answers.

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { expectStoreError } from './contract.ts';
import { draft } from './drafts.ts';
import { AT, ID, openOn, OTHER_ID, ROW } from './mssqlOnStandIn.ts';
import { ConnectionLost, ServerError } from './standInDriver.ts';

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

  it('are edited together by a few statements', async () => {
    const { driver, store } = await openOn();
    await store.editMany([
      { kind: 'update', id: ID, patch: { enabled: false }, expected: AT },
      { kind: 'remove', id: OTHER_ID },
      { kind: 'create', draft: draft({ name: `O'Größe`, externalDomain: 'b.example' }), id: OTHER_ID },
    ]);
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "DECLARE @outcome INT; EXEC @outcome = sys.sp_getapplock @Resource = N'octoporty mappings', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 1000; SELECT @outcome AS outcome;",
        "SELECT [id], [name], [externalDomain], [externalPort], [internalHost], [internalPort], [internalProtocol], [allowInvalidCertificates], [hostHeader], [enabled], [createdAt], [updatedAt] FROM [port_mappings] AS [PortMapping] WHERE [PortMapping].[id] IN (N'00000000-0000-4000-8000-00000000000a', N'00000000-0000-4000-8000-00000000000b');",
        "DELETE FROM [port_mappings] WHERE [id] IN (N'00000000-0000-4000-8000-00000000000a'); SELECT @@ROWCOUNT AS AFFECTEDROWS;",
        "SELECT count(*) AS [count] FROM [port_mappings] AS [PortMapping];",
        "INSERT INTO [port_mappings] ([id],[name],[externalDomain],[externalPort],[internalHost],[internalPort],[internalProtocol],[allowInvalidCertificates],[hostHeader],[enabled],[createdAt],[updatedAt]) VALUES (N'00000000-0000-4000-8000-00000000000a',N'App',N'app.example.com',443,N'localhost',3000,N'http',0,N'preserve',0,'2026-01-31 12:00:00.123 +00:00','2026-01-31 12:00:00.124 +00:00'),(N'00000000-0000-4000-8000-00000000000b',N'O''Größe',N'b.example',443,N'localhost',3000,N'http',0,N'preserve',1,'2026-01-31 12:00:00.123 +00:00','2026-01-31 12:00:00.123 +00:00');",
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
