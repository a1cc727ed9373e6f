// The agent's REST API as an admin's program uses it: logged in once, one answer at a time for each call, each one timed.

import { Agent, request } from 'node:http';
import { z } from 'zod';
import type { Mapping } from '../../protocol/mapping.ts';
import { mappingSchema } from '../../protocol/mapping.ts';
import { statusSchema, type Status } from '../../protocol/api/status.ts';

export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON; null without a body. */
  readonly body: unknown;
  readonly tookMs: number;
}

/** A call that has no answer by then fails: longer than the agent lets an edit wait for its database. */
const PATIENCE_MS = 15_000;

const loggedInSchema = z.object({ token: z.string() });

/** Calls go over kept connections, as a program's do; each over one of its own when told so: a kept one may just end. */
export class AdminApi {
  private readonly port: number;
  private readonly password: string;
  private readonly connections: Agent;
  private token = '';

  constructor(port: number, password: string, keepAlive = true) {
    this.connections = new Agent({ keepAlive });
    this.port = port;
    this.password = password;
  }

  /** Sessions outlive the agent's process: once is enough. */
  async logIn(): Promise<void> {
    const { body } = await this.ask('POST', '/auth/login', { username: 'admin', password: this.password });
    this.token = loggedInSchema.parse(body).token;
  }

  /** `path` is below `/api/v1`. Rejects when the connection ends before the answer does. */
  async ask(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    return this.exchange(method, `/api/v1${path}`, body);
  }

  async health(): Promise<ApiAnswer> {
    return this.exchange('GET', '/health');
  }

  async status(): Promise<Status> {
    return statusSchema.parse((await this.ask('GET', '/status')).body);
  }

  /** Throws unless it is answered 201. */
  async create(draft: unknown): Promise<{ mapping: Mapping; tookMs: number }> {
    const { status, body, tookMs } = await this.ask('POST', '/mappings', draft);
    if (status !== 201) throw new Error(`a mapping was not created: ${status} ${JSON.stringify(body)}`);
    return { mapping: mappingSchema.parse(body), tookMs };
  }

  close(): void {
    this.connections.destroy();
  }

  private exchange(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      ...(this.token === '' ? {} : { authorization: `Bearer ${this.token}` }),
      ...(payload === '' ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
    };
    const startMs = performance.now();
    const options = { host: '127.0.0.1', port: this.port, agent: this.connections, method, path, headers };
    return new Promise((resolve, reject) => {
      const asked = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => (text += piece));
        response.on('error', reject);
        response.on('end', () => {
          const tookMs = performance.now() - startMs;
          resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text), tookMs });
        });
      });
      asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
      asked.on('error', reject);
      asked.end(payload);
    });
  }
}
