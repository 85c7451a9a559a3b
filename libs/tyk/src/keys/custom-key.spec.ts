import * as fc from 'fast-check';
import { checkKeyId, ownKeyId } from './custom-key';
import { generateToken, organisationOfToken, parseToken } from './token';

const org = '5e9d9544a1dcd60001d0ed20';
const other = '5e9d9544a1dcd60001d0ed21';

describe('ids that people choose for keys', () => {
  it.each([
    'demo',
    'foo bar',
    'a+b@x.org',
    'team/a',
    'a|b:c;d',
    '{xy}',
    'x'.repeat(255),
    `${org}abc`,
    'eyeglasses',
    '[x]*',
  ])('may be %j', (id) => {
    expect(checkKeyId(id, org)).toEqual([]);
  });

  it.each([
    ['', 'at least 4'],
    ['a', 'at least 4'],
    ['abc', 'at least 4'],
    ['x'.repeat(256), 'at most 255'],
    [' demo', 'begin or end with a space'],
    ['demo ', 'begin or end with a space'],
    ['ключ', '"к" (at 0)'],
    ['jürgen', '"ü" (at 1)'],
    ['ju\u0308rgen', '(at 2)'],
    ['key😀', '"😀" (at 3)'],
    ['a,bc', '"," (at 1)'],
    ['a\\bc', '"\\\\" (at 1)'],
    ['ab%2F', '"%" (at 2)'],
    ['ab"c', '(at 2)'],
    ['ab<c', '(at 2)'],
    ['abc?', '(at 3)'],
    ['abc#', '(at 3)'],
    ['ab\u0000c', '"\\u0000" (at 2)'],
    ['ab\tc', '"\\t" (at 2)'],
    ['ab\nc', '"\\n" (at 2)'],
    [`${other}abc`, 'another organisation'],
    [other, 'like the id of an organisation'],
    [generateToken(other, 'x', 'sha256'), 'another organisation'],
  ])('may not be %j', (id, message) => {
    expect(checkKeyId(id, org)).toEqual([{ path: 'key', message: expect.stringContaining(message) as string }]);
  });

  it('may hold no colon when they are names of users', () => {
    expect(checkKeyId('a:bc', org)).toEqual([]);
    expect(checkKeyId('a:bc', org, 'username')[0]?.message).toContain('colon');
  });

  it('stand without the organisation, which nodes put in front', () => {
    expect(ownKeyId(`${org}demo`, org)).toBe('demo');
    expect(ownKeyId('demo', org)).toBe('demo');
    expect(ownKeyId(org, org)).toBe(org);
  });

  it('never pass when they would be read as another organisation’s', () => {
    const id = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', minLength: 4, maxLength: 60 }),
      fc.string({ minLength: 1 }).map((text) => other + text),
      fc.string().map((text) => Buffer.from(JSON.stringify({ org: other, id: text })).toString('base64')),
    );
    fc.assert(
      fc.property(id, (text) => {
        fc.pre(checkKeyId(text, org).length === 0);
        expect([undefined, org]).toContain(organisationOfToken(text));
        expect(parseToken(generateToken(org, ownKeyId(text, org), 'sha256')).organisationId).toBe(org);
      }),
    );
  });
});
