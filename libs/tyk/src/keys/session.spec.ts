import * as fc from 'fast-check';
import { isJsonObject, parseJson, type JsonObject } from '../json/json-text';
import { listAt, textAt } from '../json/read';
import { anyJson, anyJsonObject } from '../testing/arbitraries';
import { capturedSessions } from '../testing/sessions';
import { realDocuments } from '../../../../test/fixtures/load';
import { policiesOf, readSession, writeSession } from './session';

/** Every session that stands in Redis somewhere in the captures of real gateways. */
const sharedSessions = ['v3.1.3', 'v5.2.5', 'v5.14.0'].flatMap((version) =>
  ['keys-none-hashed', 'keys-murmur64-hashed', 'keys-none-raw', 'auth-none-hashed'].flatMap((file) =>
    realDocuments(`redis/${version}/${file}.jsonl`).flatMap(({ document }) =>
      listAt(document, 'redis')
        .filter((entry) => textAt(entry, 'key').startsWith('apikey-') && textAt(entry, 'value').startsWith('{'))
        .map((entry) => [version, textAt(entry, 'value')] as const),
    ),
  ),
);

const edited = (text: string, change: JsonObject): string => {
  const session = readSession(text);
  if (session === undefined) throw new Error('not a session');
  return writeSession({ ...session, ...change }, text);
};

describe('sessions', () => {
  it.each([...capturedSessions, ...sharedSessions])(
    'of %s keep every other byte when one field is edited',
    (_, text) => {
      const alias = /"alias":"[^"]*"/;
      const expected = alias.test(text)
        ? text.replace(alias, '"alias":"edited"')
        : `${text.slice(0, -1)},"alias":"edited"}`;
      expect(edited(text, { alias: 'edited' })).toBe(expected);
    },
  );

  it.each(capturedSessions)('of %s are read with all their fields', (_, text) => {
    expect(readSession(text)).toEqual(parseJson(text));
  });

  it('keep what nobody knows, whatever is edited', () => {
    fc.assert(
      fc.property(anyJsonObject, fc.constantFrom('rate', 'alias', 'tags', 'new'), anyJson, (fields, name, value) => {
        const before = readSession(JSON.stringify(fields)) ?? {};
        const after = parseJson(writeSession({ ...before, [name]: value }, JSON.stringify(fields)));
        if (!isJsonObject(after)) throw new Error('no object');
        expect({ ...after, [name]: null }).toEqual({ ...parseJsonObject(before), [name]: null });
      }),
    );
  });

  it('are read under any spelling that nodes accept, and the last one counts', () => {
    const session = readSession('{"Rate":1,"RATE":2,"ſession_lifetime":3,"x":1,"X":2}');
    expect(session).toEqual({ rate: 2, session_lifetime: 3, x: 1, X: 2 });
    expect(writeSession({ ...session, rate: 5 }, '{"Rate":1,"RATE":2}')).not.toContain('RATE');
  });

  it.each(['', 'null', '[]', '"text"', '{"a":', '{"a":1e999}', '\uFFFD'])('are not what %j is', (text) => {
    expect(readSession(text)).toBeUndefined();
    expect(writeSession({ rate: 1 }, text)).toBe('{"rate":1}');
  });

  it('name their policies in the list, or in the old field when there is no list', () => {
    expect(policiesOf({ apply_policies: ['a', 'b', 'a'], apply_policy_id: 'c' })).toEqual(['a', 'b']);
    expect(policiesOf({ apply_policies: [], apply_policy_id: 'c' })).toEqual(['c']);
    expect(policiesOf({ apply_policies: null, apply_policy_id: '' })).toEqual([]);
  });
});

const parseJsonObject = (value: JsonObject): JsonObject => {
  const parsed = parseJson(JSON.stringify(value));
  return isJsonObject(parsed) ? parsed : {};
};
