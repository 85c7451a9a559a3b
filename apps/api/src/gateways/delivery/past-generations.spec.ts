import { newObjectId, type RevisionPlaceInTime } from '@castellan/persistence';
import { allKinds } from '@castellan/persistence';
import { servedLists } from './node-documents';
import { standingIn } from './past-generations';

describe('the lists that nodes fetch', () => {
  it('are made of every kind that nodes are served', () => {
    const served = allKinds().filter((kind) => kind.served !== null);
    const inLists: readonly string[] = Object.values(servedLists);
    expect(served.map(({ name }) => name).filter((name) => !inLists.includes(name))).toEqual([]);
    expect(inLists.filter((name) => !served.some((kind) => kind.name === name))).toEqual([]);
  });
});

describe('the revisions that a generation has', () => {
  const one = newObjectId();
  const other = newObjectId();
  const place = (resourceId: typeof one, number: number, generation?: number): RevisionPlaceInTime => ({
    _id: newObjectId(),
    resourceId,
    number,
    ...(generation === undefined ? {} : { generation }),
  });

  it('are the last one of each resource up to then', () => {
    const [created, seen, unseen] = [place(one, 1, 1), place(one, 2, 3), place(one, 3, 3)];
    const second = place(other, 1, 2);
    const all = [created, seen, unseen, second];
    expect(standingIn(0, all)).toEqual([]);
    expect(standingIn(1, all)).toEqual([created._id]);
    expect(standingIn(2, all)).toEqual([created._id, second._id]);
    expect(standingIn(3, all)).toEqual([unseen._id, second._id]);
  });

  it('are those of no generation, too', () => {
    const old = place(one, 1);
    expect(standingIn(0, [old])).toEqual([old._id]);
  });

  it('are not known any more once the one is gone that a resource had then', () => {
    const left = place(one, 4, 7);
    expect(standingIn(7, [left])).toEqual([left._id]);
    expect(standingIn(6, [left])).toBeNull();
  });
});
