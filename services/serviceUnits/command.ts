// Owns the words of `octoporty service`: what may be typed.

import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { withEnvironment, type Service } from '../config.ts';
import { flagOf, variableOf } from '../config/names.ts';
import { isSecret, SETTINGS } from '../config/settings.ts';
import { askAtTerminal } from './ask.ts';
import { install } from './install.ts';
import { SetUpError, type SetUp } from './setUp.ts';
import { status } from './status.ts';
import { systemctl } from './systemctl.ts';
import { uninstall } from './uninstall.ts';
import type { Program } from './unitText.ts';

interface Flags {
  readonly [text: string]: unknown;
  readonly root?: string;
  readonly dryRun?: boolean;
  readonly envFile?: string;
  readonly purge?: boolean;
}

const ROOT = ['--root <folder>', 'a folder that stands for the whole system'] as const;
const DRY = ['--dry-run', 'say what would be done, and do nothing'] as const;

/** Adds the command. `program` is what a service runs. */
export function addServiceCommand(to: Command, program: Program): void {
  const command = to.command('service').description('gateway and agent as services of systemd');
  const installing = command
    .command('install')
    .description(
      'write its unit and settings, start it now and at every boot; a second time changes what has changed',
    )
    .argument('<service>', 'gateway or agent')
    .option(
      '--env-file <file>',
      'take settings from this file of NAME=value lines; the environment and flags win',
    )
    .option(...DRY)
    .option(...ROOT)
    .action((service: string, flags: Flags) => {
      const { flags: given, environment = {} } = withEnvironment({ flags: settingsIn(flags) });
      const file = flags.envFile ?? null;
      const settings = { flags: given ?? {}, environment, file, ask: askAtTerminal() };
      return install(serviceOf(service), setUpOf(flags), settings, program);
    });
  for (const option of settingOptions()) installing.addOption(option);
  command
    .command('uninstall')
    .description('stop it and remove its unit')
    .argument('<service>', 'gateway or agent')
    .option('--purge', 'its settings, its data and the secret go too')
    .option(...DRY)
    .option(...ROOT)
    .action((service: string, flags: Flags) =>
      uninstall(serviceOf(service), setUpOf(flags), flags.purge === true),
    );
  command
    .command('status')
    .description('exit 0 when each installed service is well, else 1')
    .option(...ROOT)
    .action(async (flags: Flags) => {
      if (!(await status(setUpOf(flags)))) process.exitCode = 1;
    });
}

function setUpOf({ root, dryRun }: Flags): SetUp {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  return { root: resolve(root ?? '/'), isDry: dryRun === true, systemctl, print };
}

/** Every setting but secrets, which others on the machine would see on the command line. */
function settingOptions(): Option[] {
  const settings = { ...SETTINGS.gateway, ...SETTINGS.agent };
  return Object.entries(settings)
    .filter(([name]) => !isSecret(name) && name !== 'OCTOPORTY_DATA_DIR')
    .map(([name, { about }]) => new Option(`${flagOf(name)} <value>`, about.means));
}

function settingsIn(flags: Flags): Record<string, string> {
  const options = new Set(settingOptions().map((option) => option.attributeName()));
  const texts = Object.entries(flags).flatMap(([flag, value]) =>
    options.has(flag) && typeof value === 'string' ? [[variableOf(flag), value] as const] : [],
  );
  return Object.fromEntries(texts);
}

function serviceOf(word: string): Service {
  if (word === 'gateway' || word === 'agent') return word;
  throw new SetUpError(`There is a service "gateway" and a service "agent", no "${word}".`);
}
