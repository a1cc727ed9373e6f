// What a gateway tells an agent of itself: bounded, so that the largest is still a control message.

import { describe, expect, it } from 'vitest';
import { encodeControl, parseControl } from '../../protocol/control.ts';
import {
  MAX_CONTROL_BYTES,
  MAX_TOLD_CHARS,
  MAX_TOLD_MACHINES,
  MAX_TOLD_TRANSITIONS,
} from '../../protocol/limits.ts';
import { codeOf } from './wirePair.ts';

describe('what a gateway tells of itself', () => {
  const name = 'n'.repeat(MAX_TOLD_CHARS);
  const transition = { event: name, from: name, to: name, atMs: 253_402_300_799_999 };
  const machine = {
    id: name,
    machine: name,
    state: name,
    sinceMs: 253_402_300_799_999,
    transitions: Array.from({ length: MAX_TOLD_TRANSITIONS }, () => transition),
  };
  const machines = Array.from({ length: MAX_TOLD_MACHINES }, () => machine);

  it('fits a control message at its largest', () => {
    const text = encodeControl({ type: 'gateway_status', machines });
    expect(text.length).toBeLessThan(MAX_CONTROL_BYTES);
    expect(parseControl(text)).toEqual({ type: 'gateway_status', machines });
  });

  it.each([
    ['one machine more', [...machines, machine]],
    ['one transition more', [{ ...machine, transitions: [...machine.transitions, transition] }]],
    ['a longer id', [{ ...machine, id: `${name}n` }]],
    ['a longer chart’s name', [{ ...machine, machine: `${name}n` }]],
    ['a longer state', [{ ...machine, state: `${name}n` }]],
    ['a longer event', [{ ...machine, transitions: [{ ...transition, event: `${name}n` }] }]],
    ['a longer state it came from', [{ ...machine, transitions: [{ ...transition, from: `${name}n` }] }]],
    ['a longer state it went to', [{ ...machine, transitions: [{ ...transition, to: `${name}n` }] }]],
    ['a time before 1970', [{ ...machine, sinceMs: -1 }]],
    ['a time beyond the year 9999', [{ ...machine, sinceMs: 253_402_300_800_000 }]],
    ['a transition beyond it', [{ ...machine, transitions: [{ ...transition, atMs: 253_402_300_800_000 }] }]],
    ['a transition before 1970', [{ ...machine, transitions: [{ ...transition, atMs: -1 }] }]],
  ])('is refused with %s', (_, wrong) => {
    expect(codeOf(() => parseControl(JSON.stringify({ type: 'gateway_status', machines: wrong })))).toBe(
      'protocol_error',
    );
  });
});
