import { deleteOrder, draftOrder, writeOrder, type Placed } from './order';

const kind = (name: string, refersTo: readonly string[] = [], embeds: readonly string[] = []): Placed => ({
  name,
  refersTo,
  embeds,
});

const names = (kinds: readonly Placed[]): string[] => kinds.map(({ name }) => name);

describe('the order of kinds', () => {
  const kinds = [
    kind('api', ['webhook'], ['webhook']),
    kind('policy', ['api']),
    kind('webhook'),
    kind('key', ['policy']),
  ];

  it('drafts what is referred to first', () => {
    expect(names(draftOrder(kinds))).toEqual(['webhook', 'api', 'policy', 'key']);
  });

  it('writes copies before their originals, and otherwise what is referred to first', () => {
    expect(names(writeOrder(kinds))).toEqual(['api', 'policy', 'webhook', 'key']);
  });

  it('deletes what refers to others first', () => {
    expect(names(deleteOrder(kinds))).toEqual(['key', 'policy', 'api', 'webhook']);
  });

  it('says which kinds go round in a circle', () => {
    expect(() => draftOrder([kind('a', ['b']), kind('b', ['a'])])).toThrow('a, b');
  });
});
