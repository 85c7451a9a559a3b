import { noMeasures } from '@castellan/analytics';
import { Busy } from '@castellan/dto';
import { CellBudget, Cells } from './cells';

const day = (date: number): Date => new Date(Date.UTC(2026, 10, date));

describe('the groups of an answer', () => {
  const cells = (budget = new CellBudget()) =>
    new Cells({ from: day(1), until: day(3), edges: [day(2)], scope: null, filters: {}, groupBy: ['path'] }, budget, 3);
  const add = (to: Cells, path: string, at: Date): void => {
    to.add({ api: 'a', path }, at, '', { ...noMeasures(), hits: 1 });
  };

  it('are one for each combination and stretch of time, however much is added to each', () => {
    const found = cells();
    for (const hour of [0, 5, 23]) add(found, '/a', new Date(day(1).getTime() + hour * 3_600_000));
    add(found, '/a', day(2));
    add(found, '/b', day(2));
    expect(found.all.map(({ dimensions, at, measures }) => [dimensions.path, at, measures.hits])).toEqual([
      ['/a', day(1), 3],
      ['/a', day(2), 1],
      ['/b', day(2), 1],
    ]);
  });

  it('are told apart, whatever stands in the names that callers give', () => {
    const question = { from: day(1), until: day(3), edges: [], scope: null, filters: {} };
    const found = new Cells({ ...question, groupBy: ['key', 'path'] }, new CellBudget());
    const names = [
      ...([{}, { key: '' }, { path: '' }, { key: '-' }, { key: '', path: '' }, { key: ' 0:' }] as const),
      ...([{ key: 'a 1:b' }, { key: 'a', path: 'b' }, { key: 'a', path: '1:b' }, { key: '1:a', path: 'b' }] as const),
    ];
    for (const dimensions of [...names, ...names]) found.add(dimensions, day(1), '', { ...noMeasures(), hits: 1 });
    expect(found.all.map(({ dimensions, measures }) => [dimensions, measures.hits])).toEqual(
      names.map((dimensions) => [{ key: undefined, path: undefined, ...dimensions }, 2]),
    );
  });

  it('are refused, instead of left out, when there are too many of them', () => {
    const found = cells();
    for (const path of ['/a', '/b', '/c']) add(found, path, day(1));
    add(found, '/a', day(1));
    expect(() => {
      add(found, '/d', day(1));
    }).toThrow('more than 3 groups');
  });

  it('of all questions that are answered at one time have a bound: who would go over it is to come again', () => {
    const budget = new CellBudget(4);
    const [first, second] = [cells(budget), cells(budget)];
    for (const path of ['/a', '/b']) {
      add(first, path, day(1));
      add(second, path, day(1));
    }
    add(second, '/b', day(1));
    expect(() => {
      add(second, '/c', day(1));
    }).toThrow(Busy);
    // What is answered, or refused, gives back what it held.
    second.letGo();
    add(first, '/c', day(1));
    first.letGo();
    const third = cells(budget);
    for (const path of ['/a', '/b', '/c']) add(third, path, day(1));
  });
});
