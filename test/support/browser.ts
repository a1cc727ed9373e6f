// A headless Chromium of the system, for pages that visitors open.

import { chromium, type Browser } from 'playwright-core';
import { pathOf } from './programs.ts';

/** It resolves every name under `localhost` to loopback by itself. */
export function startBrowser(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: pathOf('chromium'),
    // It refuses to run as root with its sandbox, and containers seldom allow one.
    chromiumSandbox: false,
    args: [...args],
  });
}
