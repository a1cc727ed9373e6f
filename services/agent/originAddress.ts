// Which addresses the agent may connect to: what a mapping names, but no cloud metadata, no link-local, not the agent itself.

import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { TunnelError } from '../../protocol/errors.ts';

type Address = ReturnType<typeof ipaddr.parse>;
type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** Where clouds hand out credentials to whoever asks, and addresses that mean something else on every link. */
const FORBIDDEN = rangesOf([
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128', // AWS
  'fd20:ce::254/128', // Google Cloud
  '100.100.100.200/32', // Alibaba Cloud
  '168.63.129.16/32', // Azure
  '192.0.0.192/32', // Oracle Cloud
]);

const LOOPBACK = rangesOf(['127.0.0.0/8', '::1/128']);

/** A socket that connects to these arrives at this machine. */
const UNSPECIFIED = rangesOf(['0.0.0.0/8', '::/128']);

export interface AddressGuard {
  /** The refusal of an address literal; undefined when it is allowed, or a name that `lookupFor` will judge. */
  refusalOf(host: string, port: number): TunnelError | undefined;
  /**
   * Resolves as the system does and leaves out what is forbidden, so that what was judged is what is connected to.
   * With nothing left it fails with `origin_forbidden`.
   */
  lookupFor(port: number): LookupFunction;
}

type Resolved = (error: NodeJS.ErrnoException | null, found: readonly LookupAddress[]) => void;

/** All addresses of a name. */
export type Resolver = (host: string, done: Resolved) => void;

/**
 * `allowedTargets` are addresses or CIDRs that are allowed in any case; `ownPorts` are those that the agent itself
 * listens on. Throws on a target that is neither.
 */
export function createAddressGuard(
  allowedTargets: readonly string[],
  ownPorts: () => readonly number[],
  resolver: Resolver = resolveBySystem,
): AddressGuard {
  const allowed = rangesOf(allowedTargets);
  const resolve = shareLookups(resolver);

  function isAllowed(text: string, port: number): boolean {
    const address = addressOf(text);
    if (isIn(address, allowed)) return true;
    if (isIn(address, FORBIDDEN)) return false;
    return !(ownPorts().includes(port) && isOwn(address));
  }

  return {
    refusalOf: (host, port) =>
      isIP(host) === 0 || isAllowed(host, port) ? undefined : forbidden(`${host} port ${port}`),
    lookupFor: (port) => (host, options, callback) => {
      resolve(host, (error, found) => {
        if (error !== null) {
          callback(error, []);
          return;
        }
        const passing = found.filter(({ address }) => isAllowed(address, port));
        const [first] = passing;
        if (first === undefined) callback(forbidden(`every address of ${host}, port ${port}`), []);
        else if (options.all === true) callback(null, passing);
        else callback(null, first.address, first.family);
      });
    },
  };
}

function resolveBySystem(host: string, done: Resolved): void {
  lookup(host, { all: true }, done);
}

/**
 * Requests for one host wait for one lookup: the system's resolver has four threads in all, and a name that hangs
 * would keep every other name waiting.
 */
function shareLookups(resolver: Resolver): Resolver {
  const waiting = new Map<string, Resolved[]>();
  return (host, done) => {
    const others = waiting.get(host);
    if (others !== undefined) {
      others.push(done);
      return;
    }
    const all = [done];
    waiting.set(host, all);
    resolver(host, (error, found) => {
      waiting.delete(host);
      for (const each of all) each(error, found);
    });
  };
}

function forbidden(what: string): TunnelError {
  return new TunnelError('origin_forbidden', what);
}

/** Decides by the IPv4 address inside where an IPv6 address only carries one (RFC 4291 §2.5.5.2, RFC 6052). */
function addressOf(text: string): Address {
  const address = ipaddr.process(text);
  if (address.kind() === 'ipv6' && address.range() === 'rfc6052')
    return ipaddr.fromByteArray(address.toByteArray().slice(-4));
  return address;
}

function rangesOf(texts: readonly string[]): Range[] {
  return texts.map((text) => {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const address = addressOf(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  });
}

function isIn(address: Address, ranges: readonly Range[]): boolean {
  return ranges.some(([base, bits]) => address.kind() === base.kind() && address.match(base, bits));
}

/** Asked only for the agent's own ports, so reading the interfaces each time costs nothing on the usual way. */
function isOwn(address: Address): boolean {
  if (isIn(address, LOOPBACK) || isIn(address, UNSPECIFIED)) return true;
  const mine = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return mine.some((each) => addressOf(each.address).toString() === address.toString());
}
