// Owns the list of what an image is made of: npm's own of the packages, with Node and Debian's packages added.

import { z } from 'zod';

export interface Materials {
  /** CycloneDX, as `npm sbom` prints it. */
  readonly npmBill: string;
  /** What dpkg knows of each package of the base: its control text. */
  readonly debianPackages: readonly string[];
  /** `v24.21.0` */
  readonly nodeVersion: string;
}

const billSchema = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.looseObject({ name: z.string(), version: z.string() })),
});

/** CycloneDX. Throws where one of the parts is not what it should be: a list with gaps would pass for a whole one. */
export function billOfMaterials({ npmBill, debianPackages, nodeVersion }: Materials): string {
  const bill = billSchema.parse(JSON.parse(npmBill));
  if (debianPackages.length === 0)
    throw new Error('Of the base, no package is known: its dpkg folder is empty.');
  const debian = debianPackages.map(debianComponent);
  const components = [...bill.components, nodeComponent(nodeVersion.replace(/^v/, '')), ...debian];
  return `${JSON.stringify({ ...bill, components }, null, 1)}\n`;
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
