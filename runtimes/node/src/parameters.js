// What a scenario's parameters may be, and how they are read.

/** A whole number. */
export const number = (defaultValue) => ({ defaultValue, words: [] });

/** One of some words, the first by default. */
export const choice = (...words) => ({ defaultValue: words[0], words });

/** Every parameter with its default, in the scenario's order. */
export function defaults(declared) {
  return Object.fromEntries(
    Object.entries(declared).map(([name, { defaultValue }]) => [name, defaultValue]),
  );
}

/** The defaults with what is given in their place; throws an Error with a sentence. */
export function read(declared, given) {
  const values = defaults(declared);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(declared, name)) {
      const known = Object.keys(declared).join(', ');
      throw new Error(`there is no parameter '${name}'; there are: ${known}`);
    }
    values[name] = parse(name, declared[name], String(value));
  }
  return values;
}

function parse(name, { words }, text) {
  if (words.includes(text)) return text;
  if (words.length > 0) {
    throw new Error(`${name} must be one of ${words.join(' ')}, but it is '${text}'`);
  }
  // Beyond 2^53 a number would be another one.
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new Error(
    `${name} must be a whole number up to ${Number.MAX_SAFE_INTEGER}, but it is '${text}'`,
  );
}
