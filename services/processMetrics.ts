// What a process tells of itself under the usual names. Everything is read when it is asked for: prom-client's own set keeps
// a timer of 10 ms and an observer of each garbage collection, and neither can be ended.

import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

export function describeProcess(metrics: Metrics): void {
  const startedSeconds = Math.round(performance.timeOrigin) / 1000;
  metrics.total(
    { name: 'process_cpu_user_seconds_total', help: 'Time that the process has computed, in its own code.' },
    () => process.cpuUsage().user / 1e6,
  );
  metrics.total(
    { name: 'process_cpu_system_seconds_total', help: 'Time that the system has computed for the process.' },
    () => process.cpuUsage().system / 1e6,
  );
  metrics.level(
    { name: 'process_start_time_seconds', help: 'When the process was started, in seconds since 1970.' },
    () => startedSeconds,
  );
  metrics.level(
    { name: 'process_resident_memory_bytes', help: 'Memory of the process that is in RAM.' },
    () => process.memoryUsage.rss(),
  );
  metrics.level({ name: 'process_open_fds', help: 'File descriptors that are open.' }, openDescriptors);
  metrics.level({ name: 'process_max_fds', help: 'File descriptors that may be open.' }, maxDescriptors);
  metrics.level(
    { name: 'nodejs_heap_size_used_bytes', help: 'Memory that live objects of JavaScript take.' },
    () => process.memoryUsage().heapUsed,
  );
  metrics.level(
    { name: 'nodejs_external_memory_bytes', help: 'Memory of buffers and other objects outside the heap.' },
    () => process.memoryUsage().external,
  );
  metrics.total(
    {
      name: 'nodejs_eventloop_active_seconds_total',
      help: 'Time in which the event loop had work; its rate is the share of one processor that is taken.',
    },
    () => performance.eventLoopUtilization().active / 1000,
  );
  metrics.sample(
    {
      name: 'nodejs_eventloop_lag_seconds',
      help: 'How long the event loop took for one turn, at the time of this answer.',
    },
    turnSeconds,
  );
}

function turnSeconds(): Promise<number> {
  const beganMs = performance.now();
  return new Promise((resolve) => {
    setImmediate(() => resolve((performance.now() - beganMs) / 1000));
  });
}

/** Null where the system does not say it in this way (any but Linux). */
function openDescriptors(): number | null {
  return whereTold(() => readdirSync('/proc/self/fd').length);
}

function maxDescriptors(): number | null {
  return whereTold(() => {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? null : Number(soft);
  });
}

function whereTold(read: () => number | null): number | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
