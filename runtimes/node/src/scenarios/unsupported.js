/** What Node does not have, in a sentence. */
export class Unsupported extends Error {}

export const NO_TASK_WITHIN_A_TASK =
  'Node has no way to drive several children in one task: each promise goes on by itself (style=spawn)';
