// The messages of Regatta's protocol, version 1: one JSON object a line.

export const VERSION = 1;

/** The longest line that either side accepts, its newline included. */
export const MAX_LINE_BYTES = 64 * 1024;

/** What was wrong with a line, in a sentence. */
export class NotUnderstood extends Error {}

/**
 * Reads one line: `{ kind: 'hello' | 'list' | 'prepare' | 'run' | 'quit', … }`, or throws
 * NotUnderstood.
 */
export function parse(line) {
  let message;
  try {
    message = JSON.parse(line);
  } catch {
    throw new NotUnderstood(`expected one JSON object on the line; got: ${excerpt(line)}`);
  }
  if (!isObject(message)) {
    throw new NotUnderstood(`expected a JSON object; got another JSON value: ${excerpt(line)}`);
  }
  if ('hello' in message) return parseHello(message);
  if ('prepare' in message) return parsePrepare(object(message.prepare, 'prepare'));
  if ('run' in message) return parseRun(object(message.run, 'run'));
  if ('list' in message) return { kind: 'list' };
  if ('quit' in message) return { kind: 'quit' };
  throw new NotUnderstood(
    `a request is one of hello, list, prepare, run, quit; got: ${excerpt(line)}`,
  );
}

/** One line. JSON.stringify knows no whole numbers beyond 2^53, which answers can be: bigints. */
export function format(value) {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(format).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${format(member)}`).join(',')}}`;
}

function parseHello({ hello, variant = '', threads = 0 }) {
  const spoken = whole(hello, 'hello.hello');
  if (spoken !== VERSION) {
    throw new NotUnderstood(
      `the driver speaks protocol ${spoken}; this contender speaks protocol ${VERSION}`,
    );
  }
  whole(threads, 'hello.threads'); // There is one thread, whatever is wished.
  return { kind: 'hello', variant: text(variant, 'hello.variant') };
}

function parsePrepare({ scenario, params = {} }) {
  for (const [name, value] of Object.entries(object(params, 'prepare.params'))) {
    if (!isWhole(value) && typeof value !== 'string') {
      throw new NotUnderstood(
        `params.${name} must be a whole number (0 or more) or a string; got ${JSON.stringify(value)}`,
      );
    }
  }
  return { kind: 'prepare', scenario: text(scenario, 'prepare.scenario'), params };
}

function parseRun({ iterations, samples = 1 }) {
  const run = {
    kind: 'run',
    iterations: whole(iterations, 'run.iterations'),
    samples: whole(samples, 'run.samples'),
  };
  if (run.iterations === 0 || run.samples === 0) {
    throw new NotUnderstood('run.iterations and run.samples must be 1 or more');
  }
  return run;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const isWhole = (value) => Number.isInteger(value) && value >= 0;

function whole(value, where) {
  if (isWhole(value)) return value;
  throw new NotUnderstood(
    `${where} must be a whole number, 0 or more; got ${JSON.stringify(value) ?? 'nothing'}`,
  );
}

function text(value, where) {
  if (typeof value === 'string') return value;
  throw new NotUnderstood(`${where} must be a string; got ${JSON.stringify(value) ?? 'nothing'}`);
}

function object(value, where) {
  if (isObject(value)) return value;
  throw new NotUnderstood(`${where} must be an object; got ${JSON.stringify(value)}`);
}

function excerpt(line, longest = 80) {
  return JSON.stringify(line.slice(0, longest)) + (line.length > longest ? '…' : '');
}
