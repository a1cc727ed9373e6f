// What a state feels like: the dot's colour follows from it, and never stands without a word.

export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'off';

/** A state in words: `label` fits a dot, `says` is a sentence, `advice` what to do when a person has to. */
export interface Words {
  readonly tone: Tone;
  readonly label: string;
  readonly says: string;
  readonly advice?: string;
}
