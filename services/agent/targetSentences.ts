// What a test of a target found, as one sentence for a person that says what to do.

import type { TargetStage } from '../../protocol/api/targetTest.ts';
import { describeError, type ErrorCode } from '../../protocol/errors.ts';
import type { OriginTarget } from './originDispatcher.ts';
import { certificateFaultOf, errnoOf, isNoTls } from './originErrors.ts';

export interface TargetFailure {
  readonly target: OriginTarget;
  readonly stage: TargetStage;
  readonly code: ErrorCode;
  readonly detail: string;
  /** What broke the connection, if anything did. */
  readonly error: unknown;
}

const LATE: Readonly<Record<TargetStage, (target: OriginTarget) => string>> = {
  dns: ({ host }) =>
    `${host} was not resolved in time: check the DNS server of this machine, or enter the address.`,
  connect: (target) =>
    `${placeOf(target)} did not accept a connection in time: check address, port and firewall.`,
  tls: (target) => `${placeOf(target)} did not finish the TLS handshake in time: is it an https port?`,
  http: (target) =>
    `${placeOf(target)} did not answer in time: is the service busy, or does it expect ${otherProtocol(target)}?`,
};

const CUT: Readonly<Record<TargetStage, (target: OriginTarget) => string>> = {
  dns: ({ host }) => `${host} cannot be resolved right now: try again.`,
  connect: (target) => `${placeOf(target)} reset the connection: is a firewall in the way?`,
  tls: (target) => `${placeOf(target)} closed the connection during the TLS handshake: is it an https port?`,
  http: (target) =>
    `${placeOf(target)} closed the connection without an answer: does it expect ${otherProtocol(target)}?`,
};

/** A redirect counts like any answer: somebody is there, and it is for visitors to follow. */
export function sentenceOfAnswer(target: OriginTarget, status: number): string {
  return `${placeOf(target)} answers with status ${status}.`;
}

export function sentenceOfFailure(failure: TargetFailure): string {
  const { target, stage, code, detail } = failure;
  switch (code) {
    case 'origin_dns':
      return `${target.host} cannot be resolved: check the name, or enter the address.`;
    case 'origin_refused':
      return `${placeOf(target)} refused the connection: is the service running?`;
    case 'origin_unreachable':
      return `${placeOf(target)} cannot be reached from this machine (${errnoOf(failure.error) || detail}): check address and network.`;
    case 'origin_forbidden':
      return `${placeOf(target)} is not allowed as a target: it is cloud metadata, link-local or the agent itself. Set OCTOPORTY_ALLOWED_TARGETS if it is meant.`;
    case 'connect_timeout':
      return LATE[stage](target);
    case 'origin_reset':
      return CUT[stage](target);
    case 'origin_tls':
      return sentenceOfTls(failure);
    case 'origin_invalid':
      return `${placeOf(target)} answers, but not in HTTP: check the port, or does it expect ${otherProtocol(target)}?`;
    default:
      return `${placeOf(target)}: ${describeError(code).says}`;
  }
}

function sentenceOfTls({ target, error, detail }: TargetFailure): string {
  const says = `TLS with ${placeOf(target)} failed: ${certificateFaultOf(error) ?? detail}.`;
  if (isNoTls(error)) return `${says} Is it an http port?`;
  return errnoOf(error) === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? `${says} It must be for ${target.serverName}: change the mapping's Host header, or allow invalid certificates.`
    : `${says} Correct that, or allow invalid certificates for this mapping.`;
}

function placeOf({ host, port }: OriginTarget): string {
  return `${host} port ${port}`;
}

function otherProtocol({ protocol }: OriginTarget): string {
  return protocol === 'https' ? 'http' : 'https';
}
