import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FieldError } from '@castellan/dto';
import { endOfNumber, endOfString, isLostInteger, isQuote } from './json-tokens';

/** After so many tokens everybody else gets a turn. */
const turn = 50_000;
/** So many faults are told at once. */
const mostFaults = 20;

/** Where the walk is: in a list or, with the names seen so far, in an object. */
interface Frame {
  readonly names: Set<string> | null;
  /** The name or the index of the entry that is being read. */
  at: string | number;
  expectsName: boolean;
}

/**
 * Finds what gets lost when a text is read: a name that one object has twice, of which the parser keeps the last, and an
 * integer that a double cannot hold.
 *
 * @param text valid JSON
 */
export const jsonFaults = async (text: string): Promise<readonly FieldError[]> => {
  const walk = new Walk(text);
  while (walk.faults.length < mostFaults && walk.advance(turn)) await nextTurn();
  return walk.faults.slice(0, mostFaults);
};

class Walk {
  readonly faults: FieldError[] = [];
  private readonly frames: Frame[] = [];
  private position = 0;

  constructor(private readonly text: string) {}

  /** @returns whether there is more to see */
  advance(tokens: number): boolean {
    for (let token = 0; token < tokens && this.position < this.text.length; token += 1) this.position = this.take();
    return this.position < this.text.length;
  }

  private take(): number {
    const character = this.text.charCodeAt(this.position);
    const frame = this.frames.at(-1);
    if (isQuote(character)) return this.takeString(frame);
    switch (character) {
      case 0x7b: // {
        this.frames.push({ names: new Set(), at: '', expectsName: true });
        break;
      case 0x5b: // [
        this.frames.push({ names: null, at: 0, expectsName: false });
        break;
      case 0x5d: // ]
      case 0x7d: // }
        this.frames.pop();
        break;
      case 0x2c: // ,
        if (frame !== undefined) this.nextEntry(frame);
        break;
      default:
        if (character === 0x2d || (character >= 0x30 && character <= 0x39)) return this.takeNumber();
    }
    return this.position + 1;
  }

  private nextEntry(frame: Frame): void {
    if (typeof frame.at === 'number') frame.at += 1;
    else frame.expectsName = true;
  }

  private takeString(frame: Frame | undefined): number {
    const end = endOfString(this.text, this.position);
    if (frame !== undefined && frame.names !== null && frame.expectsName) this.takeName(frame, frame.names, end);
    return end;
  }

  private takeName(frame: Frame, names: Set<string>, end: number): void {
    const name: unknown = JSON.parse(this.text.slice(this.position, end));
    if (typeof name !== 'string') return;
    frame.at = name;
    frame.expectsName = false;
    if (names.has(name)) this.fault('is there more than once; one object has each name once');
    names.add(name);
  }

  private takeNumber(): number {
    const end = endOfNumber(this.text, this.position);
    const token = this.text.slice(this.position, end);
    if (isLostInteger(token)) {
      const shown = token.length > 40 ? `${token.slice(0, 40)}…` : token;
      this.fault(`${shown} cannot be kept exactly; integers from -9007199254740991 to 9007199254740991 can`);
    }
    return end;
  }

  private fault(message: string): void {
    this.faults.push({ path: this.path(), message });
  }

  /** Such as `apis[0].api_definition["x-y.z"]`. */
  private path(): string {
    const path = this.frames.map(({ at }) => segment(at)).join('');
    return path === '' ? 'body' : path.replace(/^\./, '');
  }
}

const plainName = /^[\w$-]{1,100}$/;

const segment = (at: string | number): string => {
  if (typeof at === 'number') return `[${at}]`;
  return plainName.test(at) ? `.${at}` : `[${JSON.stringify(at.slice(0, 100))}]`;
};
