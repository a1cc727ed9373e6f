// Where a login leads on to.

import type { RouteLocationNormalized } from 'vue-router';

/** Within the dashboard, whatever the address says; never back to the login. */
export function nextAfterLogin({ query }: Pick<RouteLocationNormalized, 'query'>): string {
  const { next } = query;
  return typeof next === 'string' && /^\/(?![/\\]|login)/.test(next) ? next : '/';
}
