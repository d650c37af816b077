// Adds up the time that passes while it runs, and what the process spends meanwhile.
import { usage } from './process.js';

export class Stopwatch {
  ns = 0n;
  cpuNs = 0;
  voluntary = 0;
  involuntary = 0;
  #before; // What was spent before it was started; undefined: it does not run.
  #begin;

  start() {
    if (this.#before !== undefined) {
      throw new Error('the clock runs already: stop it first, and say timesAPart in the scenario');
    }
    // The moment comes last, here as well as first in stop(): what reading costs is not timed.
    this.#before = usage();
    this.#begin = process.hrtime.bigint();
  }

  stop() {
    const end = process.hrtime.bigint();
    if (this.#before === undefined) throw new Error('the clock does not run: start it first');
    const after = usage();
    this.ns += end - this.#begin;
    this.cpuNs += after.cpuNs - this.#before.cpuNs;
    this.voluntary += after.voluntary - this.#before.voluntary;
    this.involuntary += after.involuntary - this.#before.involuntary;
    this.#before = undefined;
  }
}
