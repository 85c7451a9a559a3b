import { counterNames, keyNames, quotaName, sessionName } from './key-names';

const org = '5eaf0a96925c702e4a9276ed';

describe('the names of a key', () => {
  // Hashes that gateways 3.1.3 and 5.2.5 gave these keys.
  it('are the hash, and what the generations call it in their caches', () => {
    const token = `${org}custom-d4c92b15`;
    const names = keyNames({ token, id: 'custom-d4c92b15' }, true);
    expect(names.main).toBe('e6e0a26e');
    expect(names.copies).toEqual(['115a390d']);
    expect(names.announced).toHaveLength(4);
    expect(names.announced).toEqual(expect.arrayContaining(['e6e0a26e', '115a390d']));
    expect(sessionName(names.main)).toBe('apikey-e6e0a26e');
  });

  it('are the texts themselves where nothing is hashed', () => {
    expect(keyNames({ token: `${org}demo`, id: 'demo' }, false)).toEqual({
      main: `${org}demo`,
      copies: ['demo'],
      announced: [`${org}demo`, 'demo'],
    });
  });

  it('are one for a token that was generated, but for its name in caches', () => {
    const token = Buffer.from(`{"org":"${org}","id":"1","h":"sha256"}`).toString('base64');
    const { main, copies, announced } = keyNames({ token }, true);
    expect(main).toMatch(/^[0-9a-f]{64}$/);
    expect(copies).toEqual([]);
    expect(announced).toEqual([main, expect.stringMatching(/^[0-9a-f]{16}$/)]);
    expect(keyNames({ token, id: token }, true)).toEqual({ main, copies, announced });
  });

  it('are followed by its counters', () => {
    expect(counterNames('ab12', ['api1'])).toEqual([
      ...['quota-ab12', 'rate-limit-ab12', 'rate-limit-ab12.BLOCKED'],
      ...['quota-api1-ab12', 'rate-limit-api1-ab12', 'rate-limit-api1-ab12.BLOCKED'],
    ]);
    expect(quotaName('ab12')).toBe('quota-ab12');
    expect(quotaName('ab12', 'api1')).toBe('quota-api1-ab12');
  });
});
