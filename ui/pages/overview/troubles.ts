// What is wrong with links of the chain, as it is told: with the names of the mappings it is about.

import type { Tone } from '../../words/tones.ts';
import type { Link } from './chain.ts';

/** Of mappings by id; null of one that has none, as it is gone. One that is missing is not known yet. */
export type Names = ReadonlyMap<string, string | null>;

export interface Trouble {
  readonly says: string;
  /** The mapping that `says` is about; null when it is about none. */
  readonly mappingId: string | null;
  /** Said before, where that mapping stands for several; else empty. */
  readonly intro: string;
  /** Empty when what it says is enough. */
  readonly advice: string;
  /** The page that tells more. */
  readonly to: string;
}

export interface ToldTrouble extends Pick<Link, 'key' | 'name'> {
  readonly tone: Tone;
  readonly says: string;
  readonly advice: string;
  readonly to: string;
}

/** In the order a request takes. What is about a mapping waits for its name: it would change while one reads it. */
export function troublesIn(chain: readonly Link[], names: Names): ToldTrouble[] {
  return chain.flatMap(({ key, name, tone, trouble }) => {
    if (trouble === null) return [];
    const { intro, mappingId, advice, to } = trouble;
    const mapping = mappingId === null ? null : names.get(mappingId);
    if (mapping === undefined) return [];
    const says = mapping === null ? trouble.says : `“${mapping}”: ${trouble.says}`;
    return [{ key, name, tone, says: `${intro}${says}`, advice, to }];
  });
}

/** Mappings that something is said about. */
export function idsIn(chain: readonly Link[]): string[] {
  return chain.map(({ trouble }) => trouble?.mappingId ?? null).filter((id) => id !== null);
}
