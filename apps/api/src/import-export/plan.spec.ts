import { newObjectId } from '@castellan/persistence';
import { batchesOf, bySection, countsOf, diffOf, stepsOf, type PlannedResource } from './plan';

const planned = (overrides: Partial<PlannedResource> = {}): PlannedResource => {
  const _id = newObjectId();
  const document = overrides.action === 'delete' || overrides.action === 'unchanged' ? null : '{"name":"new"}';
  return {
    section: 'apis',
    _id,
    key: _id.toString(),
    name: 'x',
    action: 'change',
    path: 'apis[0]',
    before: '{"name":"old"}',
    draft: document === null ? null : { _id, document },
    version: 1,
    released: null,
    ...overrides,
  };
};

describe('the steps of a plan', () => {
  it('leave out what stays, and put changes first, what is referred to before what refers, and deletions last', () => {
    const resources = (['delete', 'create', 'change', 'unchanged'] as const).flatMap((action) =>
      (['policies', 'hooks', 'apis'] as const).map((section) => planned({ action, section })),
    );
    const steps = stepsOf({ resources, generation: 0 }).map(({ section, action }) => `${action} ${section}`);
    expect(steps).toEqual([
      'change apis',
      'create apis',
      'change hooks',
      'create hooks',
      'change policies',
      'create policies',
      'delete policies',
      'delete apis',
      'delete hooks',
    ]);
    expect(countsOf(resources)).toEqual({ create: 3, change: 3, delete: 3, unchanged: 3 });
  });

  it('are cut by number and by size, and one that is too large by itself is a batch of its own', () => {
    const small = () => planned({ before: null, draft: { _id: newObjectId(), document: 'x' } });
    const large = planned({ before: null, draft: { _id: newObjectId(), document: 'x'.repeat(100) } });
    const limits = { most: 3, mostCharacters: 50 };
    expect(batchesOf([], limits)).toEqual([]);
    expect(batchesOf([small(), small(), small()], limits)).toEqual([3]);
    expect(batchesOf([small(), small(), small(), small()], limits)).toEqual([3, 4]);
    expect(batchesOf([small(), large, small(), small()], limits)).toEqual([1, 2, 4]);
    expect(batchesOf([large], limits)).toEqual([1]);
  });

  it('come from resources in the order of documents', () => {
    const [b, a, hook] = [planned({ key: 'b' }), planned({ key: 'a' }), planned({ section: 'hooks', key: '0' })];
    expect([hook, b, a].sort(bySection)).toEqual([a, b, hook]);
  });

  it('say what changes', () => {
    expect(diffOf(planned())).toEqual([{ op: 'replace', path: '/name', before: 'old', value: 'new' }]);
  });
});
