// Owns the check that no transition of a chart is without a test: it lists them all and remembers which were taken.

import { Actor, type AnyStateMachine, type InspectionEvent } from 'xstate';

interface StateNodeLike {
  readonly id: string;
  readonly states: Readonly<Record<string, StateNodeLike>>;
  readonly transitions: ReadonlyMap<string, readonly object[]>;
  readonly always?: readonly object[] | undefined;
}

/** Watches every actor of `machine` that is inspected with `inspect`. */
export class TransitionCoverage {
  private readonly machine: AnyStateMachine;
  private readonly untaken = new Map<object, string>();

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    this.list(machine.root);
  }

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep') return;
    if (!(event.actorRef instanceof Actor) || event.actorRef.logic !== this.machine) return;
    for (const transition of event._transitions) this.untaken.delete(transition);
  };

  /** Each transition that was never taken, as "state event [n-th branch]". */
  get missing(): string[] {
    return [...this.untaken.values()];
  }

  /** Those of them that a pattern names: for a chart whose tests fill two files. */
  missingOf(pattern: RegExp): string[] {
    return this.missing.filter((name) => pattern.test(name));
  }

  private list(node: StateNodeLike): void {
    for (const [event, branches] of node.transitions) this.add(node, event, branches);
    this.add(node, 'always', node.always ?? []);
    for (const child of Object.values(node.states)) this.list(child);
  }

  private add(node: StateNodeLike, event: string, branches: readonly object[]): void {
    for (const [at, branch] of branches.entries())
      this.untaken.set(branch, `${node.id} ${event}${branches.length > 1 ? ` [${at}]` : ''}`);
  }
}
