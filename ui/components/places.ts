// The places of the dashboard, in the order of its navigation.

import { Cable, Gauge, ListTree, Route, Settings, Workflow } from '@lucide/vue';
import type { Component } from 'vue';

export interface Place {
  readonly to: string;
  readonly name: string;
  readonly icon: Component;
  /** The second key after `g`. */
  readonly key: string;
}

export const PLACES: readonly Place[] = [
  { to: '/', name: 'Overview', icon: Gauge, key: 'o' },
  { to: '/mappings', name: 'Mappings', icon: Route, key: 'm' },
  { to: '/requests', name: 'Requests', icon: ListTree, key: 'r' },
  { to: '/machines', name: 'Machines', icon: Workflow, key: 'a' },
  { to: '/connections', name: 'Connections', icon: Cable, key: 'c' },
  { to: '/settings', name: 'Settings', icon: Settings, key: 's' },
];
