import { deleteOrder, documentKinds, newObjectId, writeOrder } from '@castellan/persistence';
import { batchesOf, bySection, countsOf, stepsOf, type PlannedResource } from './plan';

const kinds = documentKinds().map((kind) => ({ ...kind, kind, section: kind.documents.section }));
const sections = kinds.map(({ section }) => section);

const kindOf = (section: string): PlannedResource['kind'] => {
  const kind = kinds.find((one) => one.section === section);
  if (kind === undefined) throw new Error(`No section ${section}`);
  return kind;
};

const planned = (overrides: Partial<PlannedResource> = {}): PlannedResource => {
  const _id = newObjectId();
  const document = overrides.action === 'delete' || overrides.action === 'unchanged' ? null : '{"name":"new"}';
  return {
    kind: kindOf('apis'),
    _id,
    key: _id.toString(),
    name: 'x',
    action: 'update',
    path: 'apis[0]',
    before: '{"name":"old"}',
    draft: document === null ? null : { _id, document },
    version: 1,
    released: null,
    ...overrides,
  };
};

describe('the steps of a plan', () => {
  it('leave out what stays, and put updates first, what is referred to before what refers, and deletions last', () => {
    const resources = (['delete', 'create', 'update', 'unchanged'] as const).flatMap((action) =>
      (['policies', 'hooks', 'apis'] as const).map((section) => planned({ action, kind: kindOf(section) })),
    );
    const orders = { toWrite: writeOrder(kinds), toDelete: deleteOrder(kinds) };
    const plan = { resources, madeAt: { sequence: 0, generation: 0 } };
    const steps = stepsOf(plan, orders).map(({ kind, action }) => `${action} ${kind.section}`);
    expect(steps).toEqual([
      'update apis',
      'create apis',
      'update policies',
      'create policies',
      'update hooks',
      'create hooks',
      'delete policies',
      'delete apis',
      'delete hooks',
    ]);
    expect(countsOf(resources)).toEqual({ create: 3, update: 3, delete: 3, unchanged: 3 });
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
    const [b, a, hook] = [planned({ key: 'b' }), planned({ key: 'a' }), planned({ kind: kindOf('hooks'), key: '0' })];
    expect([hook, b, a].sort(bySection(sections))).toEqual([a, b, hook]);
  });
});
