// Bugs that the simulation must catch: each one an exact replacement in the product.

export interface Bug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const BUGS: readonly Bug[] = [
  {
    name: 'credit off by one',
    file: 'protocol/credit.ts',
    find: '  spend(bytes: number): void {\n    this.left -= bytes;',
    replace: '  spend(bytes: number): void {\n    this.left -= bytes - 1;',
  },
  {
    name: 'END lost',
    file: 'protocol/stream.ts',
    find: 'this.endFrame = encodeEnd(this.id, trailers);\n    this.carrier.markReady(this);',
    replace: 'this.endFrame = encodeEnd(this.id, trailers);',
  },
  {
    name: 'RESET after END ignored',
    file: 'protocol/peerFrames.ts',
    find: 'if (stream === undefined) return;\n    this.streams.forget(stream);',
    replace:
      "if (stream === undefined || stream.receiving === 'ended') return;\n    this.streams.forget(stream);",
  },
  {
    name: 'stale revision accepted',
    file: 'services/agent/mappings.ts',
    find: 'revision > (revisions.get(id) ?? loaded.revision)',
    replace: "id !== ''",
  },
  {
    name: 'timer leaked',
    file: 'machines/clock.ts',
    find: '      cancels.get(id)?.();\n      cancels.delete(id);',
    replace: '      cancels.delete(id);',
  },
  {
    name: 'clone displaces the living',
    file: 'services/gateway/tunnels.ts',
    find: "claims.get(challengerId)?.report({ type: 'claim.contested', code: 'duplicate_agent' });",
    replace: '',
  },
  {
    name: 'promotion not told',
    file: 'services/gateway/tunnels.ts',
    find: 'tellVerdicts(directory.withdraw(sessionId));',
    replace: 'directory.withdraw(sessionId);',
  },
  {
    name: 'routes told once and never again',
    file: 'services/gateway/paced.ts',
    find: '    this.timer = undefined;\n    this.options.tell();',
    replace: '    this.options.tell();',
  },
  {
    name: 'contested name goes to the last',
    file: 'services/gateway/directory.ts',
    find: 'agentPlace < 0 ? line.length : agentPlace',
    replace: '0',
  },
  {
    name: 'proof with the wrong secret',
    file: 'machines/admission.ts',
    find: 'context.askedWallMs, context.key,',
    replace: 'context.askedWallMs, 0,',
  },
  {
    name: 'renewal never done',
    file: 'machines/auth.ts',
    find: "on: { 'control.challenge': { target: 'signing', actions: 'takeChallenge' } },",
    replace: '',
  },
];

/** @throws Error when the text is not there exactly once: the bug is to be described anew. */
export function plant({ name, file, find, replace }: Bug, source: string): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`"${name}": ${file} holds its text ${places} times, not once`);
  return source.replace(find, () => replace);
}
