// Owns the words of `octoporty service`: what may be typed.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { withEnvironment, type Service } from '../config.ts';
import { flagOf, variableOf } from '../config/names.ts';
import { isEmptyMeant, isSecret, SETTINGS } from '../config/settings.ts';
import { askAtTerminal } from './ask.ts';
import { install } from './install.ts';
import { SETTINGS_FLAG } from './settingsFile.ts';
import { SetUpError, type SetUp } from './setUp.ts';
import { status } from './status.ts';
import { systemctl } from './systemctl.ts';
import { uninstall } from './uninstall.ts';
import type { Program } from './unitText.ts';

interface Flags {
  readonly [text: string]: unknown;
  readonly root?: string;
  readonly dryRun?: boolean;
  readonly settings?: string;
  readonly purge?: boolean;
}

const ROOT = ['--root <folder>', 'a folder that stands for the whole system', once('--root')] as const;
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
      `${SETTINGS_FLAG} <file>`,
      'take settings from this file of NAME=value lines; the environment and flags win',
      once(SETTINGS_FLAG),
    )
    .addOption(new Option('--env-file <file>').hideHelp().argParser(refuseEnvFile))
    .option(...DRY)
    .option(...ROOT)
    .action((word: string, flags: Flags) => {
      const service = serviceOf(word);
      const { flags: given, environment = {} } = withEnvironment({ flags: settingsIn(service, flags) });
      const file = flags.settings ?? null;
      const settings = { flags: given ?? {}, environment, file, ask: askAtTerminal() };
      return install(service, setUpOf(flags), settings, program);
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

function setUpOf({ root: text, dryRun }: Flags): SetUp {
  const root = text === undefined ? '/' : rootOf(text);
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  return { root, isThisSystem: root === '/', isDry: dryRun === true, systemctl, print };
}

/** One that is not there was mistyped: nobody would find what is put there. */
function rootOf(text: string): string {
  if (text === '') throw new SetUpError('--root needs a folder, such as /mnt/image.');
  const root = resolve(text);
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new SetUpError(`--root: there is no folder ${root}.`);
  return root;
}

/** Of a flag that is given twice nobody knows which was meant. */
function once(flag: string): (value: string, before: string | undefined) => string {
  return (value, before) => {
    if (before !== undefined) throw new SetUpError(`${flag} is given twice: give it once.`);
    return value;
  };
}

function refuseEnvFile(): never {
  throw new SetUpError(`--env-file is a flag of Node itself: give the file by ${SETTINGS_FLAG}.`);
}

/** Every setting but secrets, which others on the machine would see on the command line. */
function settingOptions(): Option[] {
  const settings = { ...SETTINGS.gateway, ...SETTINGS.agent };
  return Object.entries(settings)
    .filter(([name]) => !isSecret(name) && name !== 'OCTOPORTY_DATA_DIR')
    .map(([name, { about }]) => new Option(`${flagOf(name)} <value>`, about.means));
}

/** Throws SetUpError for what would have no effect. */
function settingsIn(service: Service, flags: Flags): Record<string, string> {
  const options = new Map(settingOptions().map((option) => [option.attributeName(), option.long]));
  const texts = Object.entries(flags).flatMap(([attribute, value]) => {
    const flag = options.get(attribute);
    if (flag === undefined || typeof value !== 'string') return [];
    const name = variableOf(attribute);
    if (SETTINGS[service][name] === undefined) {
      const other = service === 'gateway' ? 'agent' : 'gateway';
      throw new SetUpError(`${flag} is a setting of the ${other}: the ${service} has no such.`);
    }
    if (value === '' && !isEmptyMeant(name)) throw new SetUpError(`${flag} needs a value.`);
    return [[name, value] as const];
  });
  return Object.fromEntries(texts);
}

function serviceOf(word: string): Service {
  if (word === 'gateway' || word === 'agent') return word;
  throw new SetUpError(`There is a service "gateway" and a service "agent", no "${word}".`);
}
