// The theme: the system's until somebody chooses, and then that, remembered by this browser.

import { readonly, shallowRef, type Ref } from 'vue';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** `early.ts` reads it, too. */
const STORAGE_KEY = 'octoporty.theme';

const theme = shallowRef<Theme>(rememberedTheme());

export function useTheme(): { theme: Readonly<Ref<Theme>>; setTheme: (chosen: Theme) => void } {
  return { theme: readonly(theme), setTheme };
}

/** Before the first view is made. */
export function applyTheme(): void {
  if (theme.value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}

function setTheme(chosen: Theme): void {
  theme.value = chosen;
  applyTheme();
  try {
    localStorage.setItem(STORAGE_KEY, chosen);
  } catch {
    // A browser that stores nothing: the choice lasts as long as the page.
    return;
  }
}

function rememberedTheme(): Theme {
  return THEMES.find((known) => known === storedText()) ?? 'system';
}

function storedText(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
