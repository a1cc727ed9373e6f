// A writer of mappings that remembers what it was answered, and what an edit that was cut off may have become.

import { z } from 'zod';
import type { Mapping } from '../../protocol/mapping.ts';
import { mappingSchema } from '../../protocol/mapping.ts';
import type { AdminApi } from './adminApi.ts';

/** What a mapping must look like; null: it must be gone. */
type Expected = Pick<Mapping, 'name' | 'internalPort' | 'enabled'> | null;

interface Doubt {
  readonly domain: string;
  readonly id: string | null;
  /** If it was carried out. If not, what was expected before stands. */
  readonly outcome: Expected;
}

/** Mappings of one writer: enough to have something of each kind to do, few enough to be read back in no time. */
const MOST_MAPPINGS = 12;

/** Ports that edits go through, from 1 on. */
const PORTS = 60_000;

const pageSchema = z.object({ items: z.array(mappingSchema) });

export class EditWriter {
  /** By domain, each writer's own. */
  readonly expected = new Map<string, { readonly id: string; readonly state: NonNullable<Expected> }>();
  /** Edits that were answered as done. */
  answered = 0;
  unanswered = 0;
  /** Of those unanswered. */
  carriedOut = 0;
  private readonly api: AdminApi;
  private readonly name: string;
  private readonly gone = new Set<string>();
  private doubt: Doubt | null = null;
  private count = 0;

  constructor(api: AdminApi, name: string) {
    this.api = api;
    this.name = name;
  }

  /** One edit after the other until one gets no answer. Throws when one is refused. */
  async writeUntilCut(): Promise<void> {
    while (this.doubt === null) await this.writeOne();
    this.unanswered += 1;
  }

  /** What the agent says against what it has answered before. The edit in doubt is settled by it. */
  async compare(): Promise<string[]> {
    await this.settleDoubt();
    const faults: string[] = [];
    for (const [domain, { id, state }] of this.expected) {
      const found = await this.read(id);
      if (JSON.stringify(found) !== JSON.stringify(state))
        faults.push(`${domain}: ${JSON.stringify(found)} instead of ${JSON.stringify(state)}`);
    }
    for (const id of this.gone) {
      if ((await this.read(id)) !== null) faults.push(`${id} was deleted, and is there`);
    }
    return faults;
  }

  private async writeOne(): Promise<void> {
    this.count += 1;
    const known = [...this.expected];
    const [domain, old] = known[Math.floor(Math.random() * known.length)] ?? [];
    const dice = Math.random();
    if (domain === undefined || old === undefined || (known.length < MOST_MAPPINGS && dice < 0.3)) {
      await this.create();
    } else if (dice < 0.45) {
      await this.carryOut('DELETE', old.id, domain, undefined, null);
    } else if (dice < 0.65) {
      const enabled = !old.state.enabled;
      await this.carryOut('PATCH', old.id, domain, { enabled }, { ...old.state, enabled });
    } else {
      const patch = { name: `${this.name} edit ${this.count}`, internalPort: 1 + (this.count % PORTS) };
      await this.carryOut('PATCH', old.id, domain, patch, { ...old.state, ...patch });
    }
  }

  private async create(): Promise<void> {
    const domain = `${this.name}-${this.count}.example`;
    const state = { name: domain, internalPort: 1 + (this.count % PORTS), enabled: true };
    const draft = { ...state, externalDomain: domain, internalHost: 'localhost', internalProtocol: 'http' };
    const answer = await this.api.ask('POST', '/mappings', draft).catch(() => null);
    if (answer === null) {
      this.doubt = { domain, id: null, outcome: state };
      return;
    }
    if (answer.status !== 201) throw new Error(`${domain} was not created: ${answer.status}`);
    this.answered += 1;
    this.expected.set(domain, { id: mappingSchema.parse(answer.body).id, state });
  }

  private async carryOut(
    method: 'PATCH' | 'DELETE',
    id: string,
    domain: string,
    patch: object | undefined,
    outcome: Expected,
  ): Promise<void> {
    const answer = await this.api.ask(method, `/mappings/${id}`, patch).catch(() => null);
    if (answer === null) {
      this.doubt = { domain, id, outcome };
      return;
    }
    if (answer.status !== (outcome === null ? 204 : 200))
      throw new Error(`${method} of ${domain} was answered ${answer.status}`);
    this.answered += 1;
    this.remember(domain, id, outcome);
  }

  private remember(domain: string, id: string, state: Expected): void {
    if (state !== null) this.expected.set(domain, { id, state });
    else {
      this.expected.delete(domain);
      this.gone.add(id);
    }
  }

  /** Either is right, nothing in between: what is neither shows as a fault of what was expected before. */
  private async settleDoubt(): Promise<void> {
    const { doubt } = this;
    this.doubt = null;
    if (doubt === null) return;
    const { domain, outcome } = doubt;
    const id = doubt.id ?? (await this.idOf(domain));
    if (id === null) return;
    const found = await this.read(id);
    if (JSON.stringify(found) !== JSON.stringify(outcome)) return;
    this.carriedOut += 1;
    this.remember(domain, id, outcome);
  }

  private async idOf(domain: string): Promise<string | null> {
    const { body } = await this.api.ask('GET', `/mappings?search=${domain}`);
    const { items } = pageSchema.parse(body);
    return items.find(({ externalDomain }) => externalDomain === domain)?.id ?? null;
  }

  private async read(id: string): Promise<Expected> {
    const { status, body } = await this.api.ask('GET', `/mappings/${id}`);
    if (status === 404) return null;
    const { name, internalPort, enabled } = mappingSchema.parse(body);
    return { name, internalPort, enabled };
  }
}
