// Owns the list of what an image is made of: npm's own of the packages, with Node and Debian's packages added.

import { z } from 'zod';

export interface Materials {
  /** CycloneDX, as `npm sbom` prints it: it may name optional packages that are not installed. */
  readonly npmBill: string;
  /** What is installed, as `name@version`. */
  readonly npmPackages: ReadonlySet<string>;
  /** What dpkg knows of each package of the base: its control text. */
  readonly debianPackages: readonly string[];
  /** `v24.21.0` */
  readonly nodeVersion: string;
}

const billSchema = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.looseObject({ 'bom-ref': z.string(), name: z.string(), version: z.string() })),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

/** CycloneDX. Throws where something is missing: a list with gaps would pass for a whole one. */
export function billOfMaterials({ npmBill, npmPackages, debianPackages, nodeVersion }: Materials): string {
  const bill = billSchema.parse(JSON.parse(npmBill));
  const named = new Set(bill.components.map(nameOf));
  const unnamed = [...npmPackages].filter((name) => !named.has(name));
  if (unnamed.length > 0) throw new Error(`npm sbom says nothing of ${unnamed.join(', ')}.`);
  if (debianPackages.length === 0)
    throw new Error('Of the base, no package is known: its dpkg folder is empty.');
  const installed = bill.components.filter((component) => npmPackages.has(nameOf(component)));
  const absent = new Set(
    bill.components
      .filter((component) => !installed.includes(component))
      .map((component) => component['bom-ref']),
  );
  const dependencies = bill.dependencies
    .filter(({ ref }) => !absent.has(ref))
    .map((of) => ({ ...of, dependsOn: of.dependsOn.filter((ref) => !absent.has(ref)) }));
  const components = [
    ...installed,
    nodeComponent(nodeVersion.replace(/^v/, '')),
    ...debianPackages.map(debianComponent),
  ];
  return `${JSON.stringify({ ...bill, components, dependencies }, null, 1)}\n`;
}

const installedSchema = z.object({
  packages: z.record(z.string(), z.looseObject({ version: z.string(), name: z.string().optional() })),
});

/** What npm notes in node_modules of what it has installed, as `name@version`. */
export function installedPackages(noteText: string): Set<string> {
  const { packages } = installedSchema.parse(JSON.parse(noteText));
  const names = Object.entries(packages).map(
    ([path, { name = path.split('node_modules/').at(-1) ?? path, version }]) => nameOf({ name, version }),
  );
  return new Set(names);
}

function nameOf({ name, version }: { name: string; version: string }): string {
  return `${name}@${version}`;
}

function nodeComponent(version: string): object {
  const purl = `pkg:generic/node@${version}`;
  return { 'bom-ref': purl, type: 'platform', name: 'node', version, purl };
}

function debianComponent(control: string): object {
  const fields = new Map(
    [...control.matchAll(/^([A-Z][\w-]*): *(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value.trim(),
    ]),
  );
  const { name, version, architecture } = z
    .object({ name: z.string(), version: z.string(), architecture: z.string() })
    .parse({
      name: fields.get('Package'),
      version: fields.get('Version'),
      architecture: fields.get('Architecture'),
    });
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-12`;
  return { 'bom-ref': purl, type: 'library', name, version, purl };
}
