// Owns what `deploy/build-images.sh` shows of the images: what they hold, and that a request passes through both.
// Usage: node deploy/images/check.ts FOLDER linux/amd64; FOLDER/gateway and FOLDER/agent hold rootfs and image.json.

import { arch } from 'node:os';
import { join } from 'node:path';
import { IMAGES } from './contents.ts';
import { lookAt, MAX_BYTES } from './look.ts';
import { tryBoth, type Finding } from './trial.ts';

const [folder = '', platform = ''] = process.argv.slice(2);

for (const finding of [...looks(), ...(await trials())]) {
  const { image, what, isKept, figures } = finding;
  console.log(`${isKept ? 'ok    ' : 'BROKEN'}  ${image.padEnd(8)}${what.padEnd(46)}${figures}`);
  if (!isKept) process.exitCode = 1;
}

function looks(): Finding[] {
  return IMAGES.flatMap((image) => {
    const look = lookAt(join(folder, image));
    const { bytes, shells, lending, settings, missingLabels, components } = look;
    const size = `${megabytes(bytes)} of ${megabytes(MAX_BYTES[image])}`;
    return [
      { image, what: 'size, uncompressed', isKept: bytes <= MAX_BYTES[image], figures: size },
      { image, what: 'no shell', ...none(shells) },
      { image, what: 'no file that lends its rights', ...none(lending) },
      {
        image,
        what: 'no user by name',
        isKept: /^[1-9]\d*:[1-9]\d*$/.test(settings.User),
        figures: settings.User,
      },
      { image, what: 'no label is missing', ...none(missingLabels) },
      { image, what: 'list of materials', isKept: components > 0, figures: `${components} components` },
    ];
  });
}

async function trials(): Promise<readonly Finding[]> {
  if (platform === `linux/${arch().replace('x64', 'amd64')}`) return tryBoth(folder);
  return [
    { image: 'both', what: 'run', isKept: true, figures: `not tried: this machine is not ${platform}` },
  ];
}

function none(found: readonly string[]): { isKept: boolean; figures: string } {
  return { isKept: found.length === 0, figures: found.join(' ') || 'none' };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
