// Steps that follow one another, each as far as it has come.

/** `stuck`: it waits for something that has to be put right first. `skipped`: there is nothing to do, or it was not reached. */
export type StepState = 'waiting' | 'busy' | 'done' | 'stuck' | 'failed' | 'skipped';

export interface Step {
  readonly label: string;
  readonly state: StepState;
  /** One sentence more, or nothing. */
  readonly says: string;
}
