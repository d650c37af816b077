// Times runs of a scenario, and says what the process spent on them.
import { Recorder, recordingNs } from './latency.js';
import { busyThreads, cpuNsOfThreads, peakRssBytes } from './process.js';

/**
 * Runs the scenario so often, back to back. Everything but the clock is read outside of what is
 * timed: all of the runs, or the parts of them that the scenario marks.
 *
 * All JavaScript of this program runs on one thread by construction, which is nothing that was
 * observed: so there is no threads_used. What can be seen is how many threads were busy, those of
 * the compiler and of the garbage collector too: that is the counter os_threads. Allocations are
 * missing as well: V8 does not count them.
 */
export async function takeSample({ scenario, parameters }, iterations) {
  const latency = new Recorder();
  const threadsBefore = cpuNsOfThreads();
  if (!scenario.timesAPart) latency.clock.start();

  let answer;
  let differ = false;
  for (let i = 0; i < iterations; ++i) {
    const latest = await scenario.run(parameters, latency);
    differ ||= i > 0 && latest !== answer;
    answer = latest;
  }

  if (!scenario.timesAPart) latency.clock.stop();
  const { ns, cpuNs, voluntary, involuntary } = latency.clock;
  const osThreads = busyThreads(threadsBefore, cpuNsOfThreads());
  const buckets = latency.buckets();
  return {
    iterations,
    ns,
    cpu_ns: cpuNs,
    operations: iterations * scenario.operations(parameters),
    answer,
    answers_differ: differ || undefined,
    peak_rss_bytes: peakRssBytes(),
    context_switches: { voluntary, involuntary },
    counters: { os_threads: osThreads, ...latency.counts },
    latency: buckets.length > 0 ? { unit: 'ns', buckets } : undefined,
    recording_ns: buckets.length > 0 ? recordingNs() : undefined,
  };
}
