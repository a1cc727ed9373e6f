// Owns what is said of each setting where people look for one: on the command line and in docs/configuration.md.

import { keyOf } from './names.ts';
import { KINDS, type Setting, type Settings } from './setting.ts';
import { ALL_SETTINGS, isSecret } from './settings.ts';

/** Every setting by its key, with one line about it. */
export function settingsHelp(): string {
  const settings = Object.entries(ALL_SETTINGS);
  const width = Math.max(...settings.map(([name]) => keyOf(name).length));
  const lines = settings.map(
    ([name, { about }]) => `  ${keyOf(name).padEnd(width)}  ${about.means.replaceAll('`', '')}\n`,
  );
  return lines.join('');
}

/** The entries of these settings, as docs/configuration.md has them. */
export function settingEntries(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, setting]) => entryOf(name, setting))
    .join('\n');
}

function entryOf(name: string, { defaultText, about }: Setting): string {
  const written = isSecret(name) ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``;
  return `### ${keyOf(name)}

${about.means}

- Variable: ${written}
- Takes: ${KINDS[about.takes].words}
- Default: ${about.unset ?? `\`${defaultText?.() ?? ''}\``}
- Example: ${about.example.includes('`') ? about.example : `\`${about.example}\``}
`;
}
