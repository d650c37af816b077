/** What Node does not have, in a sentence. */
export class Unsupported extends Error {}

export const NO_TASK_WITHIN_A_TASK =
  'Node has no way to drive several children in one task: each promise goes on by itself (style=spawn)';

export const ANOTHER_THREAD_CANNOT_START_ONE =
  'a promise can be started by the one thread only that runs it';

export const NO_CHANNELS =
  'Node has no channels: promises carry one value once, and streams have one reader';
