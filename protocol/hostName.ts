// What a host name may look like: the public names visitors ask for, and the internal hosts they lead to.

/** What a person typed: its one stored form, or a sentence saying what to type instead. */
export type ParsedHost = { readonly host: string } | { readonly problem: string };

/** Longest label and whole name (RFC 1035 §2.3.4). */
const MAX_LABEL_LENGTH = 63;
const MAX_NAME_LENGTH = 253;

const ENTER_DOMAIN = 'Enter the public name, such as app.example.com.';
const ENTER_HOST = 'Enter a host name or an IP address, such as nas.local or 192.168.1.10.';
const NAME_TOO_LONG = `Enter a shorter name: at most ${MAX_LABEL_LENGTH} characters between dots, and ${MAX_NAME_LENGTH} in all.`;

/**
 * A public name in its stored form: lower case, ASCII (IDNA to punycode), no trailing dot.
 * Refused with a sentence: wildcards, addresses, anything beside the name, and names no certificate can be issued for.
 */
export function parseExternalDomain(text: string): ParsedHost {
  if (text.includes('*')) {
    return { problem: 'Wildcard names are not supported: enter one full name, such as app.example.com.' };
  }
  const beside = besideName(text);
  if (beside !== null) return { problem: beside };
  const name = toAscii(text);
  if (name === null) return { problem: ENTER_DOMAIN };
  if (isIpv4(name)) return { problem: 'Enter a name, not an IP address: visitors are told apart by name.' };
  return checkLabels(name, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, ENTER_DOMAIN);
}

/**
 * A host in the private network in its stored form: a lower-case ASCII name without trailing dot (underscores are common
 * inside, so they pass), an IPv4 address as four plain numbers, or a compressed IPv6 address without brackets.
 */
export function parseInternalHost(text: string): ParsedHost {
  const unbracketed = /^\[(.*)\]$/s.exec(text)?.[1];
  const ipv6 = toIpv6(unbracketed ?? text);
  if (ipv6 !== null) return { host: ipv6 };
  if (unbracketed !== undefined)
    return { problem: 'Enter an IPv6 address between the brackets, such as [fd00::10].' };
  const beside = besideName(text);
  if (beside !== null) return { problem: beside };
  const name = toAscii(text);
  if (name === null) return { problem: ENTER_HOST };
  // Resolvers read 010.0.0.1 as octal and 127.1 as 127.0.0.1: what is stored must be what the person saw.
  if (isIpv4(name)) {
    return name === text
      ? { host: name }
      : { problem: 'Enter the IPv4 address as four numbers from 0 to 255, such as 192.168.1.10.' };
  }
  return checkLabels(name, /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/, ENTER_HOST);
}

/** What is there beside a bare name, as the sentence to answer; null when nothing is. */
function besideName(text: string): string | null {
  if (/[\s\p{Cc}]/u.test(text)) return 'Enter the name without spaces or control characters.';
  if (text.includes('://')) return 'Enter the name alone, without a scheme such as https://.';
  if (text.includes('@')) return 'Enter the name alone, without a user name or password.';
  if (/[/\\?#]/.test(text)) return 'Enter the name alone, without a path.';
  if (text.includes(':')) return 'Enter the name alone: the port has its own field.';
  return null;
}

/** The name as the URL standard's host parser reads it, which is what browsers ask for; null when it is no host. */
function toAscii(text: string): string | null {
  // The parser would decode %2e into a dot and so accept a name nobody can read.
  if (text.includes('%')) return null;
  const url = parseUrl(`http://${text}/`);
  return url === null ? null : url.hostname.replace(/\.$/, '');
}

function toIpv6(text: string): string | null {
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) return null;
  return parseUrl(`http://[${text}]/`)?.hostname.slice(1, -1) ?? null;
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function isIpv4(name: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(name);
}

function checkLabels(name: string, allowed: RegExp, otherwise: string): ParsedHost {
  const labels = name.split('.');
  if (name.length > MAX_NAME_LENGTH || labels.some((label) => label.length > MAX_LABEL_LENGTH)) {
    return { problem: NAME_TOO_LONG };
  }
  return labels.every((label) => allowed.test(label)) ? { host: name } : { problem: otherwise };
}
