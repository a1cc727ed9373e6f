// Owns how a test lets a control message arrive: as the event of its own name, with its own type.

import type { ControlMessage } from '../../protocol/control.ts';

export function arrived<const T extends ControlMessage>(message: T) {
  return { type: `control.${message.type}` as const, message };
}
