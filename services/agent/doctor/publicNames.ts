// The doctor's look at the public names: whether visitors find the gateway by them.

import { isLoopback } from '../../config/values.ts';
import { failed, ok, skipped, type Finding } from '../../doctor.ts';
import { findBySystem, lookupProblem, type FindAddresses } from './addresses.ts';
import { MAX_EXAMINED } from './origins.ts';

export async function examinePublicNames(
  domains: readonly string[],
  gatewayAddresses: readonly string[],
  findAddresses: FindAddresses = findBySystem,
): Promise<Finding[]> {
  const names = [...new Set(domains)];
  const findings = await Promise.all(
    names.slice(0, MAX_EXAMINED).map((name) => examineName(name, gatewayAddresses, findAddresses)),
  );
  const left = names.length - findings.length;
  return left > 0 ? [...findings, skipped('names', `${left} more names are not looked up`)] : findings;
}

async function examineName(
  name: string,
  gatewayAddresses: readonly string[],
  findAddresses: FindAddresses,
): Promise<Finding> {
  const check = `name ${name}`;
  if (isLoopback(name)) return skipped(check, 'it leads to the machine of whoever asks');
  const isHere = gatewayAddresses.every(isLoopback);
  const target = isHere ? "the gateway's public address" : gatewayAddresses.join(', ');
  try {
    const addresses = await findAddresses(name);
    return ok(check, `${addresses.join(', ')}${comparison(addresses, gatewayAddresses)}`);
  } catch (error) {
    return failed(
      check,
      `it cannot be resolved (${lookupProblem(error)})`,
      `create a DNS record that leads to ${target}`,
    );
  }
}

/** Another address is no fault by itself: a CDN or another way in may stand there. From loopback nobody can tell. */
function comparison(addresses: readonly string[], gatewayAddresses: readonly string[]): string {
  if (gatewayAddresses.every(isLoopback)) return '';
  if (addresses.some((address) => gatewayAddresses.includes(address))) return ', as the gateway';
  return `, not the gateway's ${gatewayAddresses.join(', ')}: right only if something there passes visitors on to it`;
}
