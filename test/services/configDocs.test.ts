// docs/configuration.md says what the table of settings says: each setting, its meaning, its default and an example.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AGENT_SETTINGS } from '../../services/config/agentSettings.ts';
import { COMMON_SETTINGS } from '../../services/config/commonSettings.ts';
import { parseConfigText } from '../../services/config/configText.ts';
import { GATEWAY_SETTINGS } from '../../services/config/gatewaySettings.ts';
import { keyOf, variableOf } from '../../services/config/names.ts';
import { ALL_SETTINGS, isList, isSecret } from '../../services/config/settings.ts';
import { settingEntries, settingsHelp } from '../../services/config/settingText.ts';
import { UP_SETTINGS } from '../../services/config/upSettings.ts';

const docs = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

describe('docs/configuration.md', () => {
  it.each([
    ['Both services', COMMON_SETTINGS],
    ['The gateway', GATEWAY_SETTINGS],
    ['The agent', AGENT_SETTINGS],
    ['`octoporty up`', UP_SETTINGS],
  ])('has an entry for each setting below "%s", as the code tells it, and no other', (heading, settings) => {
    const [, below = ''] = docs.split(`\n## ${heading}\n\n`);
    const [section = ''] = below.split('\n## ');
    expect(section.trim()).toBe(settingEntries(settings).trim());
  });

  it('names no variable that is not there', () => {
    const own = ['OCTOPORTY_CONFIG_FILE', ...Object.keys(ALL_SETTINGS)];
    const known = [...own, ...own.filter(isSecret).map((name) => `${name}_FILE`)];
    const named = docs.match(/OCTOPORTY_\w+/g) ?? [];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('shows a file that has nothing wrong in it', () => {
    const files = [...docs.matchAll(/```(?:yaml|json)\n([^`]*)```/g)].map(([, text = '']) => text);
    expect(files.length).toBeGreaterThan(1);
    for (const text of files) expect(parseConfigText('octoporty.yaml', text, 0o600).problems).toEqual([]);
  });
});

describe('a setting', () => {
  it.each(Object.entries(ALL_SETTINGS))(
    '%s has one line about it, and a default and an example that work',
    (name, setting) => {
      const { schema, defaultText, about } = setting;
      expect(about.means).toMatch(/^[^\n]{10,130}\.$/);
      if (defaultText !== null) expect(schema.safeParse(undefined)).toEqual(schema.safeParse(defaultText()));
      if (defaultText?.() === '') expect(about.unset).toBeDefined();
      if (!isSecret(name)) expect(schema.safeParse(about.example).error).toBeUndefined();
      if (isList(name)) expect(about.takes).toMatch(/s$/);
      expect(variableOf(keyOf(name))).toBe(name);
      expect(settingsHelp()).toMatch(new RegExp(`^  ${keyOf(name)} +\\S`, 'm'));
    },
  );
});
