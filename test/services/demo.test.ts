// Owns the tests of the demo origin: what it tells of a request, its stream, its echo and its end.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startDemo, type RunningDemo } from '../../services/demo.ts';

describe('the demo origin', () => {
  it('tells curl in plain text what it received, duplicates and case included', async () => {
    const { body, headers } = await ask(await demo(), '/a?b=c', ['X-Twice', '1', 'x-TWICE', '2']);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(body).toContain('GET /a?b=c\n');
    expect(body).toContain('X-Twice: 1\n  x-TWICE: 2\n');
    expect(body).toContain('curl -N http://demo.localhost:5000/events');
  });

  it('tells whoever came over TLS to come so again', async () => {
    const { body } = await ask(await demo(), '/', ['X-Forwarded-Proto', 'https']);
    expect(body).toMatch(/curl -N --cacert .* https:\/\/demo\.localhost:5000\/events\n/);
    expect(body).toContain('browser:  https://demo.localhost:5000/\n');
  });

  it('names the visitor that the gateway vouches for', async () => {
    const running = await demo();
    const forwarded = ['X-Forwarded-For', '203.0.113.7, 10.0.0.1'];
    expect((await ask(running, '/', forwarded)).body).toContain('You are 203.0.113.7.');
    expect((await ask(running, '/')).body).not.toContain('You are');
  });

  it('answers a program in JSON', async () => {
    const { body } = await ask(await demo(), '/x', ['Accept', 'application/json']);
    expect(JSON.parse(body)).toMatchObject({ method: 'GET', path: '/x', visitor: null });
  });

  it('shows a browser a page that escapes whatever was sent', async () => {
    const { body } = await ask(await demo(), "/?<script>'", [
      'Accept',
      'text/html',
      'X-Evil',
      '"><img src=x>',
    ]);
    expect(body).toContain('/?&#60;script&#62;&#39;');
    expect(body).toContain('&#34;&#62;&#60;img src=x&#62;');
    expect(body).not.toContain('<img');
  });

  it('lets nothing but its own script and style run', async () => {
    const { body, headers } = await ask(await demo(), '/', ['Accept', 'text/html']);
    const policy = String(headers['content-security-policy']);
    for (const tag of ['script', 'style']) {
      const block = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(body)?.[1] ?? '';
      expect(policy).toContain(`${tag}-src 'sha256-${createHash('sha256').update(block).digest('base64')}'`);
    }
    expect(policy).toContain("default-src 'none'");
    expect(body).not.toMatch(/(src|href)="(?!data:)/);
  });

  it('answers HEAD with the length and no body', async () => {
    const { body, headers, status } = await ask(await demo(), '/', [], 'HEAD');
    expect([status, body]).toEqual([200, '']);
    expect(Number(headers['content-length'])).toBeGreaterThan(0);
  });

  it('streams events that count, the first at once', async () => {
    const running = await demo();
    const stream = request({ port: running.port, path: '/events' }).end();
    const response = await responseTo(stream);
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(String((await once(response, 'data'))[0])).toBe('data: 1\n\n');
    stream.destroy();
  });

  it('sends back what is said to it, text as text and bytes as bytes', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${(await demo()).port}/echo`);
    await once(socket, 'open');
    for (const message of ['hello', Buffer.from([0, 255])]) {
      socket.send(message);
      const [data, isBinary] = await once(socket, 'message');
      expect(isBinary).toBe(typeof message !== 'string');
      expect(data).toEqual(Buffer.from(message));
    }
    socket.close();
    await once(socket, 'close');
  });

  it('upgrades nowhere else', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${(await demo()).port}/`);
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain('404');
  });

  it('outlives a visitor who asks for an upgrade and resets the connection', async () => {
    const running = await demo();
    const faults: unknown[] = [];
    const note = (error: unknown) => faults.push(error);
    process.on('uncaughtExceptionMonitor', note);
    onTestFinished(() => void process.off('uncaughtExceptionMonitor', note));
    for (let n = 0; n < 20; n += 1) {
      const socket = connect(running.port, '127.0.0.1');
      await once(socket, 'connect');
      const closed = once(socket, 'close');
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: any\r\n\r\n', () => {
        socket.resetAndDestroy();
      });
      await closed;
      await ask(running, '/');
    }
    expect(faults).toEqual([]);
  });

  it('ends at once, streams and echoes included', async () => {
    const running = await startDemo();
    const socket = new WebSocket(`ws://127.0.0.1:${running.port}/echo`);
    const stream = request({ port: running.port, path: '/events' }).end();
    const [response] = await Promise.all([responseTo(stream), once(socket, 'open')]);
    const cut = new Promise((resolve) => response.on('error', resolve));
    response.resume();
    const closed = once(socket, 'close');
    await running.stop();
    expect(String(await cut)).toContain('aborted');
    await closed;
  });
});

async function demo(): Promise<RunningDemo> {
  const running = await startDemo();
  onTestFinished(() => running.stop());
  return running;
}

async function ask({ port }: RunningDemo, path: string, headers: string[] = [], method = 'GET') {
  const all = ['Host', 'demo.localhost:5000', ...headers];
  const response = await responseTo(request({ port, path, method, headers: all, agent: false }).end());
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { body, headers: response.headers, status: response.statusCode };
}

function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => sent.on('response', resolve).on('error', reject));
}
