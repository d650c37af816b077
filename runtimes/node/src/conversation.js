// Answers the driver.
import { createInterface } from 'node:readline';

import { defaults, read } from './parameters.js';
import { forgetPeakMemory, waitsWithEpoll } from './process.js';
import { MAX_LINE_BYTES, NotUnderstood, VERSION, format, parse } from './protocol.js';
import { takeSample } from './sampling.js';
import { Unsupported, missing, scenarios } from './scenarios/index.js';

/** Answers requests until the driver quits or has gone. Resolves to the exit code. */
export async function serve(source, target) {
  const talk = new Conversation((reply) => target.write(`${format(reply)}\n`));
  for await (const line of createInterface({ input: source, crlfDelay: Infinity })) {
    if (Buffer.byteLength(line) >= MAX_LINE_BYTES) {
      talk.refuse('protocol', 'a request is longer than 64 KiB');
      return 1;
    }
    try {
      const request = parse(line);
      if (request.kind === 'quit') return 0;
      await talk[request.kind](request);
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      talk.refuse('protocol', error.message);
    }
  }
  return 0;
}

/** What has been agreed on so far. A method for each request. */
class Conversation {
  #say;
  #cell = null; // The prepared scenario and its parameters.

  constructor(say) {
    this.#say = say;
  }

  refuse(kind, reason) {
    this.#say({ error: kind, reason });
  }

  hello({ variant }) {
    if (variant !== '') {
      this.refuse('unsupported', `no variant '${variant}'; Node is set up in one way only`);
      return;
    }
    this.#cell = null;
    this.#say(introduction());
  }

  list() {
    for (const name of [...Object.keys(scenarios), ...Object.keys(missing)].sort()) {
      const params = name in scenarios ? defaults(scenarios[name].parameters) : undefined;
      this.#say({ scenario: name, params, unsupported: missing[name] });
    }
    this.#say({ end: true });
  }

  prepare({ scenario: name, params }) {
    this.#cell = null;
    if (!Object.hasOwn(scenarios, name)) {
      const why = Object.hasOwn(missing, name)
        ? missing[name]
        : `this contender knows no scenario '${name}'`;
      this.refuse('unsupported', why);
      return;
    }
    const scenario = scenarios[name];
    try {
      const parameters = read(scenario.parameters, params);
      scenario.check(parameters);
      this.#cell = { scenario, parameters };
    } catch (error) {
      this.refuse(
        error instanceof Unsupported ? 'unsupported' : 'failed',
        `${name}: ${error.message}`,
      );
      return;
    }
    forgetPeakMemory();
    this.#say({ ready: true });
  }

  async run({ iterations, samples }) {
    if (this.#cell === null) {
      this.refuse('protocol', 'run came before a prepare that succeeded');
      return;
    }
    for (let i = 0; i < samples; ++i) {
      try {
        this.#say({ sample: await takeSample(this.#cell, iterations) });
      } catch (error) {
        this.#cell = null; // Whatever goes wrong ends this cell, and nothing else.
        this.refuse('failed', String(error));
        return;
      }
    }
    this.#say({ done: true });
  }
}

/** What this program is, and how it is set up. */
function introduction() {
  const { node, v8, uv } = process.versions;
  return {
    hello: VERSION,
    runtime: 'node',
    variant: '',
    variants: [''],
    version: node,
    language: 'javascript',
    scheduling: 'one event loop',
    io: waitsWithEpoll() ? 'epoll' : '',
    capabilities: ['timer', 'net', 'file'],
    threads: 1,
    compiler: `V8 ${v8}, libuv ${uv}`,
    flags: [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').trim(),
    allocator: 'V8 (garbage collected)',
    track: 'default',
    pid: process.pid,
  };
}
