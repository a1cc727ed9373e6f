// What surrounds the dashboard in a browser, in the hands of a test: time, the agent's answers, sockets, and a component
// around what wants one, without a page.

import { createRenderer, defineComponent } from 'vue';
import { onTestFinished, vi } from 'vitest';
import { watchAttendance } from '../../../ui/api/attendance.ts';
import { followAgentClock } from '../../../ui/live/browserClock.ts';
import { useSession } from '../../../ui/live/useSession.ts';
import { NOW } from '../../support/hubTells.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

export interface PlayedSocket extends EventTarget {
  readonly url: string;
  say(message: unknown): void;
  /** By the agent, or by what is in between. */
  end(code?: number): void;
}

/** Until the test is over this is a browser at `http://agent.test/`, whose time stands still at `NOW`. */
export function openBrowser() {
  const asked: Asked[] = [];
  const sockets: PlayedSocket[] = [];
  const stage = {
    /** What the agent, or who stands in front of it, answers. */
    answer: (_asked: Asked): Response | Promise<Response> => Response.error(),
  };
  const stored = new Map<string, string>();
  const window = new EventTarget();

  class Socket extends EventTarget implements PlayedSocket {
    readonly url: string;
    constructor(url: URL) {
      super();
      this.url = url.href;
      sockets.push(this);
    }
    say(message: unknown): void {
      this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
    }
    end(code = 1006): void {
      this.dispatchEvent(Object.assign(new Event('close'), { code }));
    }
    close(): void {}
  }

  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: Date.parse(NOW) });
  vi.stubGlobal('window', window);
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('location', new URL('http://agent.test/'));
  vi.stubGlobal('WebSocket', Socket);
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, value: string) => stored.set(name, value),
    removeItem: (name: string) => stored.delete(name),
  });
  vi.stubGlobal('fetch', async (url: string | URL, init: RequestInit = {}) => {
    const { pathname: path } = new URL(url, 'http://agent.test/');
    const question = { method: init.method ?? 'GET', path, headers: new Headers(init.headers) };
    asked.push(question);
    const response = await stage.answer(question);
    if (response.type === 'error') throw new TypeError('Failed to fetch');
    return response;
  });
  watchAttendance(window);
  // Somebody opens the page, by the time that stands still here.
  window.dispatchEvent(new Event('keydown'));
  onTestFinished(() => {
    // What the modules remember, as files of tests share them.
    useSession().forget();
    followAgentClock(Date.now());
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  return Object.assign(stage, {
    asked,
    sockets,
    newest(): PlayedSocket {
      const socket = sockets.at(-1);
      if (socket === undefined) throw new Error('no socket');
      return socket;
    },
    /** Somebody presses a key. */
    touch: () => void window.dispatchEvent(new Event('keydown')),
    /** Whatever is due on the way runs, and what it promised is settled. */
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  });
}

/** What `setup` returns inside of a component, which lives until the test is over or it is told to end. */
export function inComponent<T>(setup: () => T): { readonly made: T; end(): void } {
  let made: { readonly value: T } | undefined;
  const app = createRenderer(NO_PAGE).createApp(
    defineComponent(() => {
      made = { value: setup() };
      return () => null;
    }),
  );
  app.mount({});
  if (made === undefined) throw new Error('setup was not called');
  let isOver = false;
  const end = () => {
    if (!isOver) app.unmount();
    isOver = true;
  };
  onTestFinished(end);
  return { made: made.value, end };
}

/** Draws nothing. */
export const NO_PAGE = {
  insert: () => {},
  remove: () => {},
  createElement: () => ({}),
  createText: () => ({}),
  createComment: () => ({}),
  setText: () => {},
  setElementText: () => {},
  parentNode: () => null,
  nextSibling: () => null,
  patchProp: () => {},
};

export function problem(status: number, code: string): Response {
  return Response.json({ type: 'about:blank', status, title: 'No.', code }, { status });
}
