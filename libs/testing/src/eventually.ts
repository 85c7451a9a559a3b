import { inspect } from 'node:util';
import patience from './patience.json';

/** How long a test waits for something when it says nothing else, in milliseconds. */
export const defaultDeadlineMs = patience.waitMs;

type Falsy = false | 0 | '' | null | undefined;

export interface EventuallyOptions {
  /** How long to keep trying, in milliseconds; when absent so long that a machine many times slower passes too. */
  readonly deadlineMs?: number;
  /** First pause between two attempts, in milliseconds; 20 when absent. Those after it grow, to ten times as much. */
  readonly intervalMs?: number;
  /** What is being waited for, completing the sentence "gave up waiting for …". */
  readonly describe?: string;
}

/** The condition did not come true in time; `cause` is the last error it threw, if its last attempt threw one. */
export class NeverHappened extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'NeverHappened';
  }
}

const isTruthy = <T>(value: T): value is Exclude<T, Falsy> => Boolean(value);

const show = (value: unknown): string => inspect(value, { depth: 4, breakLength: 120, maxStringLength: 400 });

type Attempt<T> = { kind: 'value'; value: T } | { kind: 'error'; error: unknown } | { kind: 'unanswered' };

/** One try, given up after `limitMs` so that a condition that hangs cannot outlive the deadline. */
const attempt = async <T>(condition: () => T | Promise<T>, limitMs: number): Promise<Attempt<T>> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<Attempt<T>>((resolve) => {
    timer = setTimeout(() => {
      resolve({ kind: 'unanswered' });
    }, limitMs);
  });
  const answer = (async (): Promise<Attempt<T>> => {
    try {
      return { kind: 'value', value: await condition() };
    } catch (error) {
      return { kind: 'error', error };
    }
  })();
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
};

const explain = (last: Attempt<unknown> | undefined): string => {
  if (last === undefined) return 'It was never tried.';
  if (last.kind === 'unanswered') return 'The last attempt never answered.';
  if (last.kind === 'value') return `The last value was ${show(last.value)}.`;
  return `The last attempt failed: ${last.error instanceof Error ? last.error.message : show(last.error)}`;
};

/**
 * Asks again and again until the condition answers something truthy, and returns that answer.
 * A condition may be asynchronous and may throw, which counts as "not yet".
 *
 * @throws NeverHappened when the deadline passes, with the last value or error in the message
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { deadlineMs = defaultDeadlineMs, intervalMs = 20, describe = 'the condition' }: EventuallyOptions = {},
): Promise<Exclude<T, Falsy>> {
  const end = performance.now() + deadlineMs;
  // What takes long is asked less often: asking takes processor time from what is waited for.
  const longest = 10 * intervalMs;
  let pause = intervalMs;
  let last: Attempt<T> | undefined;
  for (;;) {
    const left = end - performance.now();
    if (left <= 0 && last !== undefined) break;
    const result = await attempt(condition, Math.max(left, intervalMs));
    if (result.kind === 'value' && isTruthy(result.value)) return result.value;
    // What was seen before says more than "the attempt under way at the deadline did not answer".
    if (result.kind !== 'unanswered' || last === undefined) last = result;
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(1.2 * pause, longest);
  }
  throw new NeverHappened(
    `Gave up waiting for ${describe} after ${deadlineMs} ms. ${explain(last)}`,
    last.kind === 'error' ? last.error : undefined,
  );
}
