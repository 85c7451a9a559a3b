import { RE2JS } from 're2js';

/** Compiling takes a tenth of a millisecond, and documents have the same patterns again and again. */
const known = new Map<string, string | undefined>();
const MOST_KNOWN = 10_000;

/** Without any of these a pattern is plain text, which always compiles. */
const SPECIAL = /[\\^$.|?*+()[\]{}]/u;

/**
 * What keeps Go's `regexp` from compiling a pattern, as the rest of a sentence; undefined when nothing does. Go has no look-around
 * and no back-references, and gateways before 5.6 do not know `(?<name>…)` either.
 */
export function regexpFault(pattern: string): string | undefined {
  if (isPlainText(pattern)) return undefined;
  if (known.has(pattern)) return known.get(pattern);
  if (known.size >= MOST_KNOWN) known.clear();
  const fault = findFault(pattern);
  known.set(pattern, fault);
  return fault;
}

/** Whether a pattern is text that stands for itself. */
export function isPlainText(pattern: string): boolean {
  return !SPECIAL.test(pattern);
}

function findFault(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /u, '') : 'unreadable';
    return `is no regular expression that gateways can compile: ${explain(reason)}`;
  }
  return hasPlainName(pattern)
    ? 'has a group (?<name>…), which most gateways cannot compile: write (?P<name>…)'
    : undefined;
}

/** Whether a group is named in the way of JavaScript; what is escaped, or stands in a class of characters, is no group. */
function hasPlainName(pattern: string): boolean {
  const groups = pattern.replace(/\\./gsu, '').replace(/\[\^?\]?[^\]]*\]/gu, '');
  return /\(\?<[A-Za-z_]/u.test(groups);
}

function explain(reason: string): string {
  if (/`\(\?<?[=!]/u.test(reason)) return 'they have no look-ahead and no look-behind';
  if (/escape sequence: `\\[1-9]/u.test(reason)) return 'they have no back-references';
  return reason;
}

const REPETITION = /\{(\d+)(?:,(\d*))?\}/uy;
const CLASS = /\[\^?\]?(?:\\.|[^\]\\])*\]?/suy;

/**
 * How much work it is to compile a pattern, in parts of the program that comes of it, some ten microseconds each: `(ab){100}` has
 * two hundred. Made without compiling, so that whoever asks can refuse what is too much.
 */
export function regexpWeight(pattern: string): number {
  const outer: number[] = [];
  let sum = 0;
  let last = 0;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    const repetition = character === '{' ? matchAt(REPETITION, pattern, index) : undefined;
    if (repetition !== undefined) {
      const [text, least = '', most = ''] = repetition;
      const times = Math.max(Number(least), Number(most), 1);
      sum += last * (times - 1);
      last *= times;
      index += text.length - 1;
    } else if (character === '(') {
      outer.push(sum);
      sum = 0;
    } else if (character === ')') {
      last = sum + 1;
      sum = (outer.pop() ?? 0) + last;
    } else {
      const text = character === '[' ? matchAt(CLASS, pattern, index)?.[0] : undefined;
      last = text?.length ?? 1;
      sum += last;
      index += (text ?? (character === '\\' ? '..' : '.')).length - 1;
    }
  }
  return outer.reduce((total, each) => total + each, sum);
}

function matchAt(expression: RegExp, text: string, index: number): RegExpExecArray | undefined {
  expression.lastIndex = index;
  return expression.exec(text) ?? undefined;
}

/** The groups of a pattern that compiles which capture. */
export function captureGroups(pattern: string): number {
  return RE2JS.compile(pattern).groupCount();
}
