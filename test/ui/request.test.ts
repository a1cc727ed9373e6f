// Owns the test of how the dashboard asks the agent: whose answers count, and what is asked with nobody at the page.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { BACKGROUND_HEADER } from '../../protocol/api/session.ts';
import { AgentUnreachable, ApiProblem, ask } from '../../ui/api/request.ts';
import { isAgentThere } from '../../ui/api/status.ts';
import { openBrowser, problem } from './support/browserStage.ts';

const PAGE_OF_A_PROXY = '<html>Log in to the proxy</html>';

test.each([
  ['of a proxy’s page', () => new Response(PAGE_OF_A_PROXY)],
  ['of nothing', () => new Response('')],
  ['of JSON that nobody asked for', () => Response.json({})],
])('where nothing is to come, a 200 %s is not the agent’s', async (_what, answer) => {
  const browser = openBrowser();
  browser.answer = answer;
  await expect(ask('POST', '/api/v1/auth/logout')).rejects.toThrow(
    new AgentUnreachable('Something in front of the agent answered with 200.'),
  );
  browser.answer = () => new Response(null, { status: 204 });
  await expect(ask('POST', '/api/v1/auth/logout')).resolves.toBeUndefined();
});

test('a page of a proxy in the place of an answer is said to be in front of the agent', async () => {
  const browser = openBrowser();
  const schema = z.object({ username: z.string() });
  browser.answer = () => new Response(PAGE_OF_A_PROXY);
  await expect(ask('GET', '/api/v1/auth/session', { schema })).rejects.toThrow(
    'Something in front of the agent answered with 200.',
  );
  browser.answer = () => Response.json({ user: 'admin' });
  await expect(ask('GET', '/api/v1/auth/session', { schema })).rejects.toThrow(
    'The agent answers in words that this page does not know: load the page again.',
  );
});

test('what is read long after the last touch is marked, so that it keeps nobody logged in', async () => {
  const browser = openBrowser();
  browser.answer = () => problem(404, 'not_found');
  const marks = async () => {
    await expect(ask('GET', '/api/v1/mappings')).rejects.toThrow(ApiProblem);
    await expect(ask('POST', '/api/v1/reconnect')).rejects.toThrow(ApiProblem);
    return browser.asked.splice(0).map(({ headers }) => headers.has(BACKGROUND_HEADER));
  };
  browser.touch();
  await browser.pass(59_000);
  expect(await marks()).toEqual([false, false]);
  await browser.pass(2_000);
  // What changes something is done by somebody.
  expect(await marks()).toEqual([true, false]);
  browser.touch();
  expect(await marks()).toEqual([false, false]);
});

test('an agent is there when it says how it is, in whatever words; a proxy that answers for it is none', async () => {
  const browser = openBrowser();
  const isThereBy = (answer: () => Response) => {
    browser.answer = answer;
    return isAgentThere();
  };
  const checks = { database: 'lost', tunnel: 'online' };
  expect(await isThereBy(() => Response.json({ status: 'ok', checks }))).toBe(true);
  expect(await isThereBy(() => Response.json({ status: 'a newer word', checks }, { status: 503 }))).toBe(
    true,
  );
  expect(await isThereBy(() => new Response('Bad Gateway', { status: 502 }))).toBe(false);
  expect(await isThereBy(() => Response.json({ status: 502 }, { status: 502 }))).toBe(false);
  expect(await isThereBy(() => Response.error())).toBe(false);
});
