// One run of the model: steps drawn by a seed are done to the real thing, and after a few of them everything must be right.

import type { CaddyBinary } from '../support/caddy.ts';
import { until } from '../support/rig.ts';
import { changeForeign, changeOurs, wipe } from './byHand.ts';
import { partsOf } from './configParts.ts';
import { Draw, type PauseGap } from './draw.ts';
import { EXTERNAL_PORTS, GATEWAY_HOST, keyOf, Model } from './model.ts';
import { pause, templatesOf, type Templates } from './pause.ts';
import { openStage, type Stage } from './stage.ts';
import { told, type AgentAt, type Step } from './steps.ts';

/** As a run by hand does it. */
const OFTEN: PauseGap = { least: 2, most: 10 };

/** A pause takes seconds, most of them until the gateway looks again: these are for a run that has few. */
const SELDOM: PauseGap = { least: 14, most: 20 };

export interface RunOptions {
  readonly binary: CaddyBinary;
  readonly seed: number;
  readonly steps: number;
  /** Few pauses, and short ones. */
  readonly isBrief?: boolean;
  /** Ends the run after the step that is under way. */
  readonly signal?: AbortSignal;
  readonly onStep?: (done: number, step: Step) => void;
}

export interface Outcome {
  readonly done: number;
  /** Steps by kind. */
  readonly counts: ReadonlyMap<string, number>;
  /** How long Caddy took to have what it should, at each pause. */
  readonly convergedMs: readonly number[];
  /** Writes of the gateway that Caddy took. */
  readonly writes: number;
  readonly failure: Failure | null;
}

export interface Failure {
  readonly reason: string;
  /** All that happened, in order. */
  readonly steps: readonly string[];
  /** The end of what the gateway logged. */
  readonly log: string;
}

export async function conduct({
  binary,
  seed,
  steps,
  isBrief = false,
  signal,
  onStep,
}: RunOptions): Promise<Outcome> {
  const stage = await openStage(binary);
  try {
    const run = await Run.begin(stage);
    const draw = new Draw({ seed, ports: stage.ports, pauseGap: isBrief ? SELDOM : OFTEN });
    const taken: string[] = [];
    const counts = new Map<string, number>();
    let failure: Failure | null = null;
    for (let done = 0; done < steps && failure === null && signal?.aborted !== true; done += 1) {
      const isLast = done === steps - 1;
      const step: Step = isLast ? { kind: 'pause', isLong: !isBrief } : draw.next(run.model);
      taken.push(told(step));
      counts.set(nameOf(step), (counts.get(nameOf(step)) ?? 0) + 1);
      try {
        await run.perform(step);
      } catch (error) {
        const log = stage.gateway.output.slice(-4_000);
        failure = { reason: error instanceof Error ? error.message : String(error), steps: taken, log };
      }
      onStep?.(done + 1, step);
    }
    return { done: taken.length, counts, convergedMs: run.convergedMs, writes: stage.proxy.writes, failure };
  } finally {
    await stage.stop();
  }
}

/** The most telling part of a failure, for a person. */
export function toldFailure({ reason, steps, log }: Failure, seed: number): string {
  const list = steps.map((step, at) => `${String(at + 1).padStart(5)}  ${step}`).join('\n');
  return `${list}\n\nThe gateway's log ends so:\n${log}\n\nBROKEN at step ${steps.length} of seed ${seed}: ${reason}`;
}

class Run {
  readonly model: Model;
  readonly convergedMs: number[] = [];
  private readonly stage: Stage;
  private readonly templates: Templates;
  private hasAdopted = true;

  private constructor(stage: Stage, model: Model, templates: Templates) {
    this.stage = stage;
    this.model = model;
    this.templates = templates;
  }

  /** Each agent has a name on each port, and Caddy has them all. */
  static async begin(stage: Stage): Promise<Run> {
    const [one, two] = stage.agents;
    const { https, http } = stage.ports;
    const model = new Model({
      agentIds: [one.id, two.id],
      bases: stage.bases,
      listenPort: (port) => (port === 443 ? https : http),
    });
    for (const [agent, name] of [
      [0, 'a.model.localhost'],
      [1, 'b.model.localhost'],
    ] as const) {
      const edits = EXTERNAL_PORTS.map((port) => ({ kind: 'create', key: keyOf(name, port) }) as const);
      await stage.agents[agent].edit(edits);
      model.take({ kind: 'edits', agent, edits });
    }
    let templates: Templates = new Map();
    await until(`Caddy has all names and ${GATEWAY_HOST}`, async () => {
      const { own } = partsOf(JSON.parse((await stage.caddy.ask('GET', '/config/')).body));
      templates = templatesOf(own);
      return own.length === 1 + 2 * EXTERNAL_PORTS.length;
    });
    return new Run(stage, model, templates);
  }

  async perform(step: Step): Promise<void> {
    this.noteAdoption();
    if (step.kind === 'pause') {
      await this.pause(step.isLong);
      return;
    }
    if (step.kind === 'ours') {
      await this.changeOurs(step);
      return;
    }
    if (step.kind === 'agent down' && this.model.isGatewayUp) {
      // What the gateway has heard of an agent that ends decides what it keeps: let there be no doubt.
      await this.stage.online();
      this.noteAdoption();
    }
    const afterwards = this.foreignAfter(step);
    await this.carryOut(step, afterwards);
    if (step.kind === 'agent down' && this.model.isGatewayUp) await this.stage.online();
    this.model.take(step);
    this.judgeWrites();
  }

  private async carryOut(step: Step, target: Model['foreign']): Promise<void> {
    const { caddy, proxy, gateway, agents, bases } = this.stage;
    switch (step.kind) {
      case 'edits':
        await agents[step.agent].edit(step.edits);
        return;
      case 'two writers':
        await Promise.all([agents[step.agent].edit(step.edits), changeForeign(caddy, step.change, target)]);
        return;
      case 'agent down':
        await this.endAgent(step.agent, step.signal);
        return;
      case 'agent up':
        await agents[step.agent].start();
        return;
      case 'gateway down':
        await gateway.end(step.signal);
        await until('nobody asks Caddy any more', () => proxy.isIdle || proxy.fault === 'hanging');
        return;
      case 'gateway up':
        proxy.forget();
        this.hasAdopted = false;
        gateway.start();
        return;
      case 'Caddy down':
        await caddy.kill('SIGKILL');
        return;
      case 'Caddy up':
        await caddy.start();
        return;
      case 'wiped':
        await wipe(caddy, bases[step.base]);
        return;
      case 'foreign':
        await changeForeign(caddy, step.change, target);
        return;
      case 'fault':
        proxy.heal();
        proxy.fault = step.fault;
        return;
      case 'ours':
      case 'pause':
    }
  }

  private async endAgent(at: AgentAt, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const agent = this.stage.agents[at];
    agent.isUp = false;
    await agent.service.end(signal);
  }

  private async changeOurs(step: Step & { kind: 'ours' }): Promise<void> {
    const { server } = await changeOurs(this.stage.caddy, step);
    if (server === null) return;
    if (step.change === 'stray added') this.model.tookStray(server);
    if (step.change === 'server deleted') this.model.lostServer(server);
  }

  /** Everything runs again, but for agents that are down: their names are kept. */
  private async pause(isLong: boolean): Promise<void> {
    const { proxy } = this.stage;
    proxy.heal();
    for (const step of [{ kind: 'Caddy up' }, { kind: 'gateway up' }] as const) {
      if (step.kind === 'Caddy up' ? this.model.isCaddyUp : this.model.isGatewayUp) continue;
      await this.carryOut(step, this.model.foreign);
      this.model.take(step);
    }
    await this.stage.online();
    await until('the gateway has looked at Caddy', () => proxy.firstSeen !== undefined);
    this.noteAdoption();
    this.convergedMs.push(await pause(this.stage, this.model, this.templates, isLong));
    this.judgeWrites();
  }

  private judgeWrites(): void {
    const [wrong] = this.stage.proxy.wrong;
    if (wrong !== undefined) throw new Error(wrong);
  }

  private noteAdoption(): void {
    const { firstSeen } = this.stage.proxy;
    if (this.hasAdopted || firstSeen === undefined) return;
    this.hasAdopted = true;
    this.model.adopt(firstSeen);
  }

  private foreignAfter(step: Step): Model['foreign'] {
    return step.kind === 'foreign' || step.kind === 'two writers'
      ? this.model.foreignAfter(step.change)
      : this.model.foreign;
  }
}

function nameOf(step: Step): string {
  if (step.kind === 'ours') return `ours: ${step.change}`;
  if (step.kind === 'foreign') return `foreign: ${step.change.kind}`;
  if (step.kind === 'fault') return `admin API ${step.fault ?? 'well again'}`;
  if (step.kind === 'edits') return step.edits.length > 1 ? 'edits, several' : 'edit';
  if (step.kind === 'pause') return step.isLong ? 'pause, long' : 'pause';
  return step.kind;
}
