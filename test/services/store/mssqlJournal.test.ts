// The real journal on SQL Server's dialect: each statement it sends, and what it makes of the answers.

import { describe, expect, it } from 'vitest';

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { AT, ID, openOn, OTHER_ID } from './mssqlOnStandIn.ts';

/** Of a row that is not too old, but one too many. */
const LATE_ID = 'ffffffff-ffff-7000-8000-000000000000';

describe('the journal on SQL Server', () => {
  const entry: RequestLogEntry = {
    id: ID,
    portMappingId: OTHER_ID,
    timestamp: AT,
    method: 'GET',
    path: "/ü'[x]",
    statusCode: 200,
    durationMs: 1.5,
    firstByteMs: 0.5,
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
        "INSERT INTO [request_logs] ([id],[portMappingId],[timestamp],[method],[path],[statusCode],[durationMs],[firstByteMs],[bytesIn],[bytesOut],[outcome],[errorCode],[visitorAddress]) VALUES (N'00000000-0000-4000-8000-00000000000a',N'00000000-0000-4000-8000-00000000000b','2026-01-31 12:00:00.123 +00:00',N'GET',N'/ü''[x]',200,1.5,0.5,5,1099511627776,N'complete',NULL,N'::1');",
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
        "SELECT [id], [portMappingId], [timestamp], [method], [path], [statusCode], [durationMs], [firstByteMs], [bytesIn], [bytesOut], [outcome], [errorCode], [visitorAddress] FROM [request_logs] AS [RequestLog] WHERE ([RequestLog].[portMappingId] = N'00000000-0000-4000-8000-00000000000b' AND [RequestLog].[method] = N'GET' AND [RequestLog].[statusCode] BETWEEN 500 AND 599 AND [RequestLog].[path] LIKE N'%ü''![50!%]!_!!%' ESCAPE '!') ORDER BY [RequestLog].[id] DESC OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY;",
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
        "SELECT [id], [portMappingId], [timestamp], [method], [path], [statusCode], [durationMs], [firstByteMs], [bytesIn], [bytesOut], [outcome], [errorCode], [visitorAddress] FROM [request_logs] AS [RequestLog] WHERE ([RequestLog].[id] < N'00000000-0000-4000-8000-00000000000a') ORDER BY [RequestLog].[id] DESC OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY;",
        "COMMIT",
      ]
    `);
  });

  it('reads timings by the key alone, and of each row only what they need', async () => {
    const { driver, journal } = await openOn((sql) =>
      sql.includes('FROM [request_logs]')
        ? [{ id: ID, portMappingId: OTHER_ID, durationMs: 1.5, statusCode: 500, outcome: 'complete' }]
        : undefined,
    );
    const [read] = await journal.readTimings({ before: LATE_ID, sinceMs: Date.parse(AT), limit: 50 });
    expect(read).toMatchObject({ id: ID, mappingId: OTHER_ID, durationMs: 1.5, isFailed: true });
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT [id], [portMappingId], [durationMs], [statusCode], [outcome] FROM [request_logs] AS [RequestLog] WHERE ([RequestLog].[id] < N'ffffffff-ffff-7000-8000-000000000000' AND [RequestLog].[id] >= N'019c13ec-9e7b-7000-8000-000000000000') ORDER BY [RequestLog].[id] DESC OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY;",
        "COMMIT",
      ]
    `);
  });

  it('reads when each mapping was asked for last from the index', async () => {
    const { driver, journal } = await openOn((sql) =>
      sql.includes('FROM [request_logs]')
        ? [{ id: '019c13fc-3e7b-7000-8000-000000000000', portMappingId: OTHER_ID }]
        : undefined,
    );
    const arrivedMs = Number.parseInt('019c13fc3e7b', 16);
    expect(await journal.readLastSeen()).toEqual([{ mappingId: OTHER_ID, arrivedMs }]);
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT [portMappingId], MAX([id]) AS [id] FROM [request_logs] AS [RequestLog] GROUP BY [portMappingId];",
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
    const [read] = await journal.readConnections({ before: ID, since: AT, limit: 50 });
    expect(read).toMatchObject({ id: ID, connectedAt: AT, disconnectedAt: null });
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT [id], [connectedAt], [disconnectedAt], [disconnectReason], [gatewayVersion], [agentVersion] FROM [connection_logs] AS [ConnectionLog] WHERE ([ConnectionLog].[id] < N'00000000-0000-4000-8000-00000000000a' AND ([ConnectionLog].[disconnectedAt] IS NULL OR [ConnectionLog].[disconnectedAt] > N'2026-01-31 12:00:00.123 +00:00')) ORDER BY [ConnectionLog].[id] DESC OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY;",
        "COMMIT",
      ]
    `);
  });

  it('prunes in bounded steps by age and count', async () => {
    const { driver, journal } = await openOn((sql) => {
      if (sql.includes('count(*)')) return [{ count: 1_400 }];
      if (/^SELECT .*_logs\]/.test(sql)) return [{ id: LATE_ID }];
      return sql.startsWith('DELETE') ? [{ AFFECTEDROWS: 4_000 }] : undefined;
    });
    const retention = { maxAgeMs: 86_400_000, maxRows: 1000 };
    const retentions = { requests: retention, connections: retention };
    expect(await journal.prune(retentions, Date.parse(AT))).toBe(true);
    expect(driver.taken()).toMatchInlineSnapshot(`
      [
        "BEGIN",
        "SELECT count(*) AS [count] FROM [request_logs] AS [RequestLog];",
        "SELECT [id] FROM [request_logs] AS [RequestLog] ORDER BY [RequestLog].[id] OFFSET 399 ROWS FETCH NEXT 1 ROWS ONLY;",
        "DELETE TOP(4000) FROM [request_logs] WHERE [id] <= N'ffffffff-ffff-7000-8000-000000000000'; SELECT @@ROWCOUNT AS AFFECTEDROWS;",
        "SELECT count(*) AS [count] FROM [connection_logs] AS [ConnectionLog];",
        "SELECT [id] FROM [connection_logs] AS [ConnectionLog] ORDER BY [ConnectionLog].[id] OFFSET 399 ROWS FETCH NEXT 1 ROWS ONLY;",
        "DELETE TOP(4000) FROM [connection_logs] WHERE ([disconnectedAt] IS NOT NULL AND [id] <= N'ffffffff-ffff-7000-8000-000000000000'); SELECT @@ROWCOUNT AS AFFECTEDROWS;",
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
