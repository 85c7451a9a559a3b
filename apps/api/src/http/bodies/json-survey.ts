import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsonLimits } from './limits';
import { endOfNumber, endOfString, isLostInteger } from './json-tokens';
import { BodyTooLarge, MalformedBody } from './refusals';

/** What a text holds, as far as that can be told without reading it. */
export interface JsonSurvey {
  /** Names in all objects together. */
  readonly members: number;
  /** Whether some integer would be another one once it has been read. */
  readonly losesInteger: boolean;
}

/** After so many characters everybody else gets a turn. */
const turn = 512 * 1024;

/**
 * Goes over a text before the parser makes values of it, so that a text that would take too much is refused while it is
 * still a text. Whether it is JSON is for the parser to say.
 *
 * @throws BodyTooLarge, MalformedBody
 */
export const surveyJson = async (text: string, limits: JsonLimits): Promise<JsonSurvey> => {
  const surveyor = new Surveyor(text, limits);
  while (!surveyor.advance(turn)) await nextTurn();
  return surveyor;
};

class Surveyor implements JsonSurvey {
  members = 0;
  losesInteger = false;
  private position = 0;
  private depth = 0;
  private values = 0;
  /** Entries of each list and object that is open, but for the last one. */
  private readonly entries: number[] = [];

  constructor(
    private readonly text: string,
    private readonly limits: JsonLimits,
  ) {}

  /** @returns whether the whole text has been seen */
  advance(characters: number): boolean {
    const until = Math.min(this.text.length, this.position + characters);
    while (this.position < until) this.position = this.take(this.text.charCodeAt(this.position));
    return this.position >= this.text.length;
  }

  /** Takes the token that begins here. @returns where the next one begins */
  private take(character: number): number {
    switch (character) {
      case 0x22: // "
        return endOfString(this.text, this.position);
      case 0x2c: // ,
        this.countEntry();
        break;
      case 0x3a: // :
        this.members += 1;
        break;
      case 0x5b: // [
      case 0x7b: // {
        this.open();
        break;
      case 0x5d: // ]
      case 0x7d: // }
        this.depth -= 1;
        break;
      default:
        if (character === 0x2d || (character >= 0x30 && character <= 0x39)) return this.takeNumber();
    }
    return this.position + 1;
  }

  private open(): void {
    this.countValue();
    this.depth += 1;
    if (this.depth > this.limits.depth) {
      throw new MalformedBody(`the JSON is nested deeper than ${this.limits.depth} levels`);
    }
    if (this.depth >= 0) this.entries[this.depth] = 1;
  }

  private countEntry(): void {
    this.countValue();
    const entries = (this.entries[this.depth] ?? 0) + 1;
    if (this.depth >= 0) this.entries[this.depth] = entries;
    if (entries <= this.limits.entries) return;
    throw new BodyTooLarge(`A list or object of the body has more than ${this.limits.entries} entries`);
  }

  private countValue(): void {
    this.values += 1;
    if (this.values <= this.limits.values) return;
    throw new BodyTooLarge(`The body has more than ${this.limits.values} values`);
  }

  private takeNumber(): number {
    const end = endOfNumber(this.text, this.position);
    // Shorter ones are neither beyond what is exact nor, without an exponent, out of range.
    if (end - this.position > 3) this.weigh(this.text.slice(this.position, Math.min(end, this.position + 500)));
    return end;
  }

  private weigh(token: string): void {
    if (!Number.isFinite(Number(token))) {
      throw new MalformedBody('the JSON has a number beyond ±1.8e308, which cannot be kept');
    }
    if (isLostInteger(token)) this.losesInteger = true;
  }
}
