import { listenClaims } from '@castellan/tyk';
import { ClaimMap } from './claims';
import { findConflicts } from './conflicts';
import { Problems } from './problems';
import type { Wanted } from './kinds/kind';
import { newObjectId } from '@castellan/persistence';

const at = (listenPath: string, tags: readonly string[] = []) => listenClaims({ listenPath, tags, active: true });

const wanted = (path: string, overrides: Partial<Wanted> = {}): Wanted => ({
  _id: newObjectId(),
  path,
  isNew: true,
  key: path,
  name: path,
  tags: [],
  categories: [],
  claims: at(`/${path}/`),
  slug: null,
  hookIds: [],
  versionIds: [],
  ...overrides,
});

const problemsOf = (...parameters: [Parameters<typeof findConflicts>[1], readonly Wanted[]]): readonly string[] => {
  const problems = new Problems();
  findConflicts({ idPath: 'id' }, ...parameters, problems);
  try {
    problems.throwIfAny();
    return [];
  } catch (error) {
    return (error as { errors: { path: string; message: string }[] }).errors.map(
      ({ path, message }) => `${path} ${message}`,
    );
  }
};

describe('claims of listen paths', () => {
  it.each([
    ['the same path', at('/a/'), at('/a'), true],
    ['another path', at('/a/'), at('/ab/'), false],
    ['the same path for another segment', at('/a/', ['eu']), at('/a/', ['us']), false],
    ['the same path for one segment in common', at('/a/', ['eu', 'us']), at('/a/', ['us']), true],
    ['the same path for all and for one segment', at('/a/'), at('/a/', ['us']), true],
    ['nothing', [], at('/a/'), false],
  ])('%s', (_, one, other, isTaken) => {
    const claims = new ClaimMap();
    claims.add('one', one);
    expect(claims.inTheWay('other', other)).toBe(isTaken ? 'one' : null);
    expect(claims.inTheWay('one', other)).toBeNull();
    const reverse = new ClaimMap();
    reverse.add('other', other);
    expect(reverse.inTheWay('one', one)).toBe(isTaken ? 'other' : null);
  });

  it('are told apart within the document and from what stays', () => {
    const staying = [{ id: 'id-1', key: 'k1', name: 'Old', claims: at('/a/'), slug: 'taken' }];
    const document = [
      wanted('one', { claims: at('/a/') }),
      wanted('two', { slug: 'taken' }),
      wanted('three', { claims: at('/b/') }),
      wanted('four', { claims: at('/b/', ['eu']), key: 'k1' }),
    ];
    expect(problemsOf(staying, document)).toEqual([
      'one.api_definition.proxy.listen_path is taken on this domain by Old (k1)',
      'two.api_definition.slug is taken by Old (k1)',
      'four.id is the id of Old (k1)',
      'four.api_definition.proxy.listen_path is taken on this domain by three',
    ]);
    expect(problemsOf([], [wanted('one'), wanted('two')])).toEqual([]);
  });
});
