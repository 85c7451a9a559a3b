import { newObjectId, toObjectId } from '@castellan/persistence';
import { textAt, type JsonObject } from '@castellan/tyk';
import type { Existing } from '../resources/document-form';
import { match } from './matching';
import { Problems } from './problems';

const kind = {
  section: 'apis',
  form: {
    idPath: 'id',
    identityOf: (content: JsonObject) => ({ id: textAt(content, 'id'), key: textAt(content, 'key') }),
  },
};

const row = (key: string, _id = newObjectId()): Existing => ({
  _id,
  key,
  digest: '',
  name: key,
  tags: [],
  categories: [],
  claims: [],
  slug: null,
  copies: [],
});

const run = (items: readonly JsonObject[], existing: readonly Existing[], mayMakeIds = false) => {
  const problems = new Problems();
  const { matches, rest } = match(kind, items, existing, { mayMakeIds, problems });
  const said: string[] = [];
  try {
    problems.throwIfAny();
  } catch (error) {
    said.push(...(error as { errors: { path: string }[] }).errors.map(({ path }) => path));
  }
  return { matches, rest, said };
};

describe('what an entry of a document is about', () => {
  const [a, b] = [row('a'), row('b')];

  it('is found by the id that others refer to, then by the row’s', () => {
    const byId = { id: b._id.toString().toUpperCase(), key: 'renamed' };
    const { matches, rest, said } = run([{ key: 'a' }, byId], [a, b]);
    expect(matches.map(({ existing, key, path }) => [existing?.key, key, path])).toEqual([
      ['a', 'a', 'apis[0]'],
      ['b', 'renamed', 'apis[1]'],
    ]);
    expect([rest, said]).toEqual([[], []]);
  });

  it('is new when neither is known, with the id that it brings', () => {
    const id = '5f0000000000000000000001';
    const { matches, rest } = run([{ id, key: 'c' }], [a]);
    expect(matches).toMatchObject([{ existing: null, key: 'c', _id: toObjectId(id) }]);
    expect(rest).toEqual([a]);
  });

  it('keeps the id by which others refer to it when the entry does not say it', () => {
    expect(run([{ id: a._id.toString() }], [a]).matches).toMatchObject([{ key: 'a' }]);
  });

  it.each([
    ['no id at all', [{}], ['apis[0].id']],
    ['an id that is none', [{ id: 'x', key: 'a' }], ['apis[0].id']],
    ['the ids of two resources', [{ id: b._id.toString(), key: 'a' }], ['apis[0].id']],
    ['what another entry is about', [{ key: 'a' }, { id: a._id.toString() }], ['apis[1].id']],
    ['the new key of another entry', [{ key: 'c' }, { key: 'c' }], ['apis[1].id']],
  ])('refuses %s', (_, items, paths) => {
    expect(run(items, [a, b]).said).toEqual(paths);
  });

  it('may be a new resource without any id, where that is allowed', () => {
    const { matches, said } = run([{}, {}], [a], true);
    expect([matches.length, said]).toEqual([2, []]);
  });
});
