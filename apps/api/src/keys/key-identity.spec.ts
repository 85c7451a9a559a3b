import { hashText, KEY_HASH_ALGORITHMS, parseToken, type KeyHashAlgorithm } from '@castellan/tyk';
import { chosenKey, generatedKey, hashesOf, hashingNote, keyOfNodes, namesHeardIn, namesOf } from './key-identity';
import { shownOf } from './key-selection';

const organisation = '5e9d9544a1dcd60001d0ed20';
const cases: { hashKeyFunction: KeyHashAlgorithm | 'none'; used: KeyHashAlgorithm }[] = [
  { hashKeyFunction: 'none', used: 'murmur32' },
  ...KEY_HASH_ALGORITHMS.map((used) => ({ hashKeyFunction: used, used })),
];

describe.each(cases)('keys with CASTELLAN_HASH_KEY_FUNCTION=$hashKeyFunction', ({ hashKeyFunction, used }) => {
  const config = { hashKeyFunction, hashKeys: true };

  it.each([
    ['generated', generatedKey(organisation, config)],
    ['chosen', chosenKey(organisation, 'custom-d4c92b15', config)],
    ['of a user', keyOfNodes(organisation, 'ada', config)],
  ])('lie where nodes look for tokens when they are %s', (_how, { token, names }) => {
    expect(parseToken(token)).toMatchObject({
      form: hashKeyFunction === 'none' ? 'legacy' : 'json',
      organisationId: organisation,
      ...(hashKeyFunction === 'none' ? {} : { algorithm: used }),
    });
    expect(names.main).toBe(hashText(token, used));
    expect(names.announced).toContain(hashText(token, 'murmur64'));
  });

  it('have a note for operators where their token opens with other ends, too, and only where keys are hashed', () => {
    const { token } = generatedKey(organisation, config);
    const meets = hashText(`${token}abc`, used) === hashText(token, used);
    expect(meets).toBe(used === 'murmur32');
    const note = meets ? (expect.stringContaining(`FUNCTION=${hashKeyFunction}`) as unknown) : null;
    expect(hashingNote(config)).toEqual(note);
    expect(hashingNote({ ...config, hashKeys: false })).toBeNull();
  });

  it('have a copy where nodes look for a chosen id that is sent alone', () => {
    const { names } = chosenKey(organisation, 'custom-d4c92b15', config);
    expect(names.copies).toEqual([hashText('custom-d4c92b15', 'murmur32')]);
  });

  it.each(['ada', 'ab'.repeat(32)])('lie under every form of token when nodes make it, of %s', (id) => {
    const { token, names } = keyOfNodes(organisation, id, config);
    expect(names.main).toBe(hashText(token, used));
    const all = [names.main, ...names.copies];
    expect(all).toContain(hashText(`${organisation}${id}`, 'murmur32'));
    for (const algorithm of KEY_HASH_ALGORITHMS) {
      const form = Buffer.from(`{"org":"${organisation}","id":"${id}","h":"${algorithm}"}`);
      expect(all).toContain(hashText(form.toString('base64'), algorithm));
    }
  });

  it('are announced by the bare name, too, when nodes make the token: nodes from 5.0 on keep the key under that', () => {
    const { names } = keyOfNodes(organisation, 'ada', config);
    expect(names.announced).toEqual(
      expect.arrayContaining([names.main, ...names.copies, hashText('ada', 'murmur64'), hashText('ada', 'murmur32')]),
    );
    expect(keyOfNodes(organisation, 'ada', { hashKeyFunction, hashKeys: false }).names.announced).toContain('ada');
  });

  it('known by their hash alone are announced by all that a token, or a name, says of them', () => {
    const user = keyOfNodes(organisation, 'ada', config);
    expect(namesHeardIn(organisation, 'ada', [user.names.main])).toEqual(
      expect.arrayContaining([user.names.main, hashText(user.token, 'murmur64'), hashText('ada', 'murmur64')]),
    );
    const made = generatedKey(organisation, config);
    expect(namesHeardIn(organisation, made.token, [made.names.main])).toEqual(made.names.announced);
    expect(namesHeardIn(organisation, made.names.main, [made.names.main])).toEqual([]);
    expect(namesHeardIn(organisation, 'somebody else', [made.names.main])).toEqual([]);
  });

  it('are found by token, by chosen id and by hash', () => {
    const { token, names } = chosenKey(organisation, 'custom-d4c92b15', config);
    for (const text of [token, 'custom-d4c92b15', names.main]) {
      expect(hashesOf(organisation, text)).toContain(names.main);
      expect(namesOf(organisation, text)).toContain(names.main);
    }
  });

  it('lie under their tokens where nothing is hashed', () => {
    const { token, names } = chosenKey(organisation, 'custom-d4c92b15', { hashKeyFunction, hashKeys: false });
    expect(names).toEqual({
      main: token,
      copies: ['custom-d4c92b15'],
      announced: [token, 'custom-d4c92b15'],
    });
    expect(namesOf(organisation, 'custom-d4c92b15')).toContain(token);
  });
});

describe('a token that is shown in part', () => {
  it('ends in what tells it from others: tokens in the JSON form all end alike', () => {
    const tokens = [1, 2].map(() => generatedKey(organisation, { hashKeyFunction: 'sha256', hashKeys: true }).token);
    const shown = tokens.map(shownOf);
    expect(shown).toEqual(tokens.map((token) => `…${parseToken(token).keyId.slice(-4)}`));
    expect(shownOf('a-short-one')).toBe('…');
  });
});
