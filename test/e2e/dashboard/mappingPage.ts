// The page of one mapping in a browser, by role and name: its fields, its save, and mappings that other programs make.

import { createServer } from 'node:http';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { mappingViewSchema, type MappingView } from '../../../protocol/api/mappings.ts';
import { useDashboard } from '../../support/dashboard.ts';
import { close, listen } from '../../support/httpOrigin.ts';

/** What Chromium says of the hub that it does not reach. */
export const NO_HUB = /WebSocket connection/;

let names = 0;

/** A stage without mappings for all tests of a file, and a service that they can name as their target. */
export function useMappings() {
  const service = createServer((_request, response) => response.end('from the origin'));
  let port: number;
  const stage = useDashboard();

  beforeAll(async () => {
    port = await listen(service);
  });

  afterAll(() => close(service));

  /** By the API, as another program would. */
  async function create(page: Page, change: Record<string, unknown> = {}): Promise<MappingView> {
    const answer = await page.request.post('/api/v1/mappings', {
      data: {
        name: 'Photos',
        externalDomain: newName(),
        internalProtocol: 'http',
        internalHost: '127.0.0.1',
        internalPort: port,
        ...change,
      },
    });
    expect(answer.status()).toBe(201);
    return mappingViewSchema.parse(await answer.json());
  }

  const origin = {
    get port() {
      return port;
    },
  };
  return { stage, origin, create };
}

/** A name that no other test of the file uses. */
export function newName(): string {
  names += 1;
  return `name-${names}.example.com`;
}

export async function read(page: Page, id: string): Promise<MappingView> {
  return mappingViewSchema.parse(await (await page.request.get(`/api/v1/mappings/${id}`)).json());
}

export async function open(page: Page, { id }: MappingView): Promise<void> {
  await page.goto(`/mappings/${id}`);
  await publicName(page).waitFor();
}

export const publicName = (page: Page) => page.getByLabel('Public name');
export const target = (page: Page) => page.getByLabel('Target', { exact: true });
export const save = (page: Page) => page.getByRole('button', { name: 'Save' });
export const step = (page: Page, name: string, says: string) =>
  page
    .getByRole('region', { name: 'What became of the save' })
    .or(page.getByRole('status', { name: 'What became of the save' }))
    .getByRole('listitem')
    .filter({ hasText: name })
    .filter({ hasText: says });
export const live = (page: Page) => step(page, 'Live', 'done').waitFor();

/** Beside the field, and read with it. */
export async function errorOf(field: Locator): Promise<string> {
  await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true');
  return field.evaluate((element) =>
    (element.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .filter((id) => id.endsWith('-error'))
      .map((id) => document.getElementById(id)?.textContent.trim() ?? '')
      .join(),
  );
}

export const hasFocus = (field: Locator) =>
  expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
