// Owns how a test lets a control message arrive: as the event of its own name, with its own type.

import type { ControlMessage } from '../../protocol/control.ts';

interface Arrived<T extends ControlMessage> {
  type: `control.${T['type']}`;
  message: T;
}

export function arrived<const T extends ControlMessage>(message: T): Arrived<T> {
  const type: T['type'] = message.type;
  return { type: `control.${type}`, message };
}
