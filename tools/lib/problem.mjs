/**
 * A failure the user can do something about: one sentence that says what is wrong and the way out, and optionally the
 * output of the program that failed. Anything else that is thrown is a defect of the tools and keeps its stack.
 */
export class Problem extends Error {
  /**
   * @param {string} sentence what happened and what to do about it
   * @param {{ details?: string, cause?: unknown }} [more] `details`: lines shown under the sentence
   */
  constructor(sentence, more = {}) {
    super(sentence, { cause: more.cause });
    this.name = 'Problem';
    this.details = more.details?.trimEnd();
  }
}

/** A port that was promised to a server of ours has been taken by another program in between. */
export class PortTaken extends Problem {}

/**
 * The text to print for whatever was thrown.
 * @param {unknown} error
 */
export function describeFailure(error) {
  if (error instanceof Problem) {
    const details = error.details ? `\n\n${indent(error.details)}\n` : '';
    return `Error: ${error.message}${details}`;
  }
  if (errorCode(error) === 'ENOSPC') return `Error: The disk is full (${error}); free some space and start again.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * The system's code of a thrown value (`ENOENT`, `EACCES`, …).
 * @param {unknown} error
 * @returns {string | undefined}
 */
export function errorCode(error) {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** @param {string} text */
function indent(text) {
  return text.replace(/^(?=.)/gm, '  ');
}
