// The pages and their addresses; each page is loaded when it is first opened.

import { createRouter, createWebHistory } from 'vue-router';
import { onLoggedOut } from './api/request.ts';
import { focusPage } from './components/pageFocus.ts';
import { useSession } from './live/useSession.ts';
import { nextAfterLogin } from './nextAfterLogin.ts';
import { recoverPage } from './pageRecovery.ts';

declare module 'vue-router' {
  interface RouteMeta {
    /** Seen without a login, and without the shell around it. */
    isOpen?: true;
  }
}

const PAGES = {
  login: () => import('./pages/login/LoginPage.vue'),
  overview: () => import('./pages/overview/OverviewPage.vue'),
  mappings: () => import('./pages/mappings/MappingsPage.vue'),
  mapping: () => import('./pages/mapping/MappingPage.vue'),
  requests: () => import('./pages/requests/RequestsPage.vue'),
  machines: () => import('./pages/machines/MachinesPage.vue'),
  connections: () => import('./pages/connections/ConnectionsPage.vue'),
  settings: () => import('./pages/settings/SettingsPage.vue'),
  missing: () => import('./pages/missing/MissingPage.vue'),
};

export const router = createRouter({
  history: createWebHistory(),
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is an experiment still
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/login', name: 'login', component: PAGES.login, meta: { isOpen: true } },
    { path: '/', name: 'overview', component: PAGES.overview },
    { path: '/mappings', name: 'mappings', component: PAGES.mappings },
    // The id `new` is none: it opens an empty form.
    { path: '/mappings/:id', name: 'mapping', component: PAGES.mapping, props: true },
    { path: '/requests', name: 'requests', component: PAGES.requests },
    { path: '/machines', name: 'machines', component: PAGES.machines },
    { path: '/connections', name: 'connections', component: PAGES.connections },
    { path: '/settings', name: 'settings', component: PAGES.settings },
    { path: '/:rest(.*)*', name: 'missing', component: PAGES.missing },
  ],
});

const { isLeaving, isLoginRemembered, askWhoIsThere, forget } = useSession();

router.beforeEach(async (to) => {
  if (isLoginRemembered()) loadAhead(to.name);
  const isIn = await askWhoIsThere();
  if (to.name === 'login') return isIn && !isLeaving.value ? nextAfterLogin(to) : true;
  if (isIn || to.meta.isOpen === true) return true;
  return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
});

router.afterEach((to, from) => {
  if (to.path !== from.path && from.matched.length > 0) void focusPage();
});

router.onError((_error, to) => void recoverPage(router, to.fullPath));

onLoggedOut(() => {
  forget();
  const { meta, fullPath } = router.currentRoute.value;
  if (meta.isOpen !== true) void router.push({ name: 'login', query: { next: fullPath } });
});

/** While the agent is asked who is there: the page need not wait for the answer. */
function loadAhead(name: unknown): void {
  for (const [known, load] of Object.entries(PAGES)) {
    // The router asks for it again, and tells when it cannot be had.
    if (known === name) load().catch(() => {});
  }
}
