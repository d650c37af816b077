// What this process is, has spent and may have. What the system does not tell is undefined.
import { readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

function attempt(look) {
  try {
    return look();
  } catch {
    return undefined; // No /proc, or a thread or a descriptor that is gone.
  }
}

/** Whether this process has an epoll descriptor. */
export function waitsWithEpoll() {
  const descriptors = attempt(() => readdirSync('/proc/self/fd')) ?? [];
  return descriptors.some(
    (each) => attempt(() => readlinkSync(`/proc/self/fd/${each}`)) === 'anon_inode:[eventpoll]',
  );
}

/** How many descriptors it may have open (`ulimit -Sn`), which Node lifts as far as it may. */
export function descriptorLimit() {
  const limits = attempt(() => readFileSync('/proc/self/limits', 'utf8')) ?? '';
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Infinity : Number(soft);
}

/** Begins a new peak of memory, where the kernel allows it. */
export function forgetPeakMemory() {
  attempt(() => writeFileSync('/proc/self/clear_refs', '5')); // 5: reset the peak, proc(5).
}

export function peakRssBytes() {
  const status = attempt(() => readFileSync('/proc/self/status', 'utf8')) ?? '';
  const kilobytes = /^VmHWM:\s+(\d+)/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** How much memory of the process is in RAM now. */
export const residentBytes = () => process.memoryUsage.rss();

/**
 * Collects the garbage. What a turn of the event loop has just let go of can be collected in the next
 * one, and the pages that are free then are given back while the loop turns once more.
 */
export async function collectGarbage() {
  setFlagsFromString('--expose-gc'); // V8 has a function for that, and shows it when asked to.
  const collect = runInNewContext('gc');
  for (let turn = 0; turn < 3; ++turn) {
    await setImmediate();
    collect();
  }
}

/** Of all threads since the process began. */
export function usage() {
  const spent = process.resourceUsage();
  return {
    cpuNs: (spent.userCPUTime + spent.systemCPUTime) * 1_000,
    voluntary: spent.voluntaryContextSwitches,
    involuntary: spent.involuntaryContextSwitches,
  };
}

/** The CPU time of each living thread in ns, by its id. */
export function cpuNsOfThreads() {
  const times = new Map();
  for (const thread of attempt(() => readdirSync('/proc/self/task')) ?? []) {
    const stat = attempt(() => readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8'));
    if (stat !== undefined) times.set(thread, Number(stat.split(' ')[0]));
  }
  return times;
}

/** How many threads spent at least 1 % of what all spent between two readings. */
export function busyThreads(before, after) {
  const spent = [...after].map(([thread, ns]) => Math.max(ns - (before.get(thread) ?? 0), 0));
  const total = spent.reduce((sum, ns) => sum + ns, 0);
  return spent.filter((ns) => ns > 0 && ns * 100 >= total).length;
}
