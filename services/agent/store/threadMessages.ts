// What crosses between the store's thread and the thread that uses it.

import type { DatabaseTarget } from './connectionString.ts';
import type { Journal } from './journal.ts';
import { StoreError, type Store, type StoreErrorCode } from './store.ts';

type Ports = Store & Journal;
export type StoreMethod = keyof Ports;

/** Everything that can be asked of the thread. */
export type StoreCalls = {
  readonly [Method in StoreMethod]: (...args: Parameters<Ports[Method]>) => ReturnType<Ports[Method]>;
};

/** Given to the thread when it starts. */
export interface ThreadStart {
  readonly target: DatabaseTarget;
}

export type ToThread =
  | { readonly kind: 'call'; readonly id: number; readonly method: StoreMethod; readonly args: unknown[] }
  /** Asks for a sign of life, out of turn. */
  | { readonly kind: 'look' };

/** What an answer holds only the one who asked can know: `never` fits whatever that is. */
export type FromThread<Value = never> =
  | { readonly kind: 'answer'; readonly id: number; readonly value: Value }
  | { readonly kind: 'failure'; readonly id: number; readonly error: CrossingError }
  | { readonly kind: 'logged'; readonly fields: object; readonly message: string }
  | { readonly kind: 'alive' };

/** An error as plain data: a class does not survive the crossing. */
export interface CrossingError {
  /** Null: it is no StoreError. */
  readonly code: StoreErrorCode | null;
  readonly detail: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: CrossingError | null;
}

/** Causes of causes that cross. Raised: an error that is its own cause fills a longer message. */
const MAX_CAUSES = 4;

export function crossingFrom(error: unknown, causesLeft = MAX_CAUSES): CrossingError {
  const isStoreError = error instanceof StoreError;
  const hasCause = error instanceof Error && error.cause !== undefined && causesLeft > 0;
  return {
    code: isStoreError ? error.code : null,
    detail: isStoreError ? error.detail : undefined,
    message: error instanceof Error ? error.message : String(error),
    stack: error instanceof Error ? error.stack : undefined,
    cause: hasCause ? crossingFrom(error.cause, causesLeft - 1) : null,
  };
}

export function errorFrom(crossing: CrossingError): Error {
  const { code, detail, message, stack } = crossing;
  const cause = crossing.cause === null ? undefined : errorFrom(crossing.cause);
  const error =
    code === null
      ? new Error(message, cause === undefined ? {} : { cause })
      : new StoreError(code, detail, cause);
  // Where it happened, not where it arrived.
  if (stack !== undefined) error.stack = stack;
  return error;
}
