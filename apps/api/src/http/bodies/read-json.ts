import { setImmediate as nextTurn } from 'node:timers/promises';
import { isJsonObject, type JsonValue } from '@castellan/tyk';
import { jsonFaults } from './json-faults';
import { surveyJson } from './json-survey';
import type { JsonLimits } from './limits';
import { MalformedBody } from './refusals';

/** After so many lists and objects everybody else gets a turn. */
const turn = 20_000;

/**
 * Reads the JSON that a caller has sent. What would not come out as it was sent is refused: a name twice in one object,
 * an integer beyond what a double holds, a number out of range.
 *
 * @throws MalformedBody with the place, BodyTooLarge
 */
export const readJson = async (text: string, limits: JsonLimits): Promise<JsonValue> => {
  const { members, losesInteger } = await surveyJson(text, limits);
  const value = parse(text);
  if (!losesInteger && (await membersOf(value)) === members) return value;
  const faults = await jsonFaults(text);
  const [first] = faults;
  throw new MalformedBody(first === undefined ? 'not JSON' : `${first.path}: ${first.message}`, faults);
};

const parse = (text: string): JsonValue => {
  try {
    // What JSON.parse gives is JSON, and the survey has refused numbers that it would not be.
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    // The parser quotes the text, which may be a secret; of what it says only the place is passed on.
    const [, place] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
    throw new MalformedBody(place === undefined ? 'not valid JSON' : `not valid JSON at character ${place}`);
  }
};

/** Names in all objects together: less than the text has when one of them is there twice. */
const membersOf = async (root: JsonValue): Promise<number> => {
  const open: JsonValue[] = [root];
  let members = 0;
  for (let seen = 1; ; seen += 1) {
    const value = open.pop();
    if (value === undefined) return members;
    const inside = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    if (!Array.isArray(value)) members += inside.length;
    for (const each of inside) if (typeof each === 'object' && each !== null) open.push(each);
    if (seen % turn === 0) await nextTurn();
  }
};
