// Facts on one typed stream: publishers know no subscriber, and a subscriber that throws hurts nobody else.

import { Subject } from 'rxjs';
import type { AnyFact, Fact, FactType } from './facts.ts';

export interface Bus {
  /** Tells a fact. With nobody listening it costs nothing: `describe` is not even called. */
  publish(describe: () => AnyFact): void;
  /** Listens until the returned function is called. What the listener throws goes to `onError` and stops there. */
  on<T extends FactType>(type: T, listener: (fact: Fact<T>) => void): () => void;
}

export function createBus(onError: (error: unknown, fact: AnyFact) => void): Bus {
  const facts$ = new Subject<AnyFact>();
  return {
    publish(describe) {
      if (facts$.observed) facts$.next(describe());
    },
    on(type, listener) {
      const subscription = facts$.subscribe((fact) => {
        try {
          if (isOf(fact, type)) listener(fact);
        } catch (error) {
          onError(error, fact);
        }
      });
      return () => {
        subscription.unsubscribe();
      };
    },
  };
}

function isOf<T extends FactType>(fact: AnyFact, type: T): fact is AnyFact & Fact<T> {
  return fact.type === type;
}
