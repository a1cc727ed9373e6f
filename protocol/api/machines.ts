// Live actors as people may see them: state, past, and the chart they follow.

import { z } from 'zod';
import { instantSchema } from './values.ts';

export const transitionSchema = z
  .object({ event: z.string(), from: z.string(), to: z.string(), at: instantSchema })
  .meta({ id: 'Transition' });

const edgeSchema = z.object({
  event: z.string(),
  /** Paths of states (`online.lively`); empty when the state stays as it is. */
  targets: z.array(z.string()),
  guard: z.string().optional(),
});

interface ChartState {
  readonly name: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly initial?: string | undefined;
  readonly entry: readonly string[];
  readonly invokes: readonly string[];
  readonly edges: readonly z.output<typeof edgeSchema>[];
  readonly states: readonly ChartState[];
}

const chartStateSchema: z.ZodType<ChartState> = z
  .object({
    name: z.string(),
    type: z.enum(['atomic', 'compound', 'parallel', 'final', 'history']),
    initial: z.string().optional(),
    entry: z.array(z.string()),
    invokes: z.array(z.string()),
    edges: z.array(edgeSchema),
    get states() {
      return z.array(chartStateSchema);
    },
  })
  .meta({ id: 'ChartState' });

/** A statechart without its functions: enough to draw it. */
export const chartSchema = chartStateSchema;
export type Chart = ChartState;

/** `place` tells which of our two services it lives in. */
export const machineSchema = z
  .object({
    id: z.string(),
    place: z.enum(['agent', 'gateway']),
    /** The chart's name. */
    machine: z.string(),
    state: z.string(),
    since: instantSchema,
    transitions: z.array(transitionSchema),
  })
  .meta({ id: 'Machine' });
export type MachineView = z.output<typeof machineSchema>;

export const machineListSchema = z.object({ items: z.array(machineSchema) }).meta({ id: 'MachineList' });

/** `definition` is null for a chart that this version does not know; `context` holds no secret and no port. */
export const machineDetailSchema = machineSchema
  .extend({ definition: chartSchema.nullable(), context: z.record(z.string(), z.unknown()) })
  .meta({ id: 'MachineDetail' });
export type MachineDetail = z.output<typeof machineDetailSchema>;
