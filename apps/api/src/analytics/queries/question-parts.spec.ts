import type { Question } from './question';
import { partsOf } from './question-parts';

const hour = (of: number): Date => new Date(Date.UTC(2026, 10, 1, of));
const question: Question = {
  from: hour(0),
  until: hour(24),
  edges: [hour(6), hour(12), hour(18)],
  scope: null,
  filters: {},
  groupBy: [],
};
/** Who answers from when until when, and with which edges, in hours. */
const parts = (first: number | null, last: number | null): readonly unknown[] =>
  partsOf(question, {
    first: first === null ? null : hour(first),
    last: last === null ? null : hour(last),
  }).flatMap(([who, part]) =>
    part === null
      ? []
      : [[who, part.from.getUTCHours(), part.until.getUTCHours(), part.edges.map((edge) => edge.getUTCHours())]],
  );

describe('the parts of a time that two programs have purged one after the other', () => {
  it('are one where it was us all the time', () => {
    expect(parts(null, null)).toEqual([['own', 0, 0, [6, 12, 18]]]);
  });

  it('are what was there before us, the hour in which we took over, and what we know', () => {
    expect(parts(6, null)).toEqual([
      ['pumped', 0, 6, []],
      ['records', 6, 7, []],
      ['own', 7, 0, [12, 18]],
    ]);
    expect(parts(-30, null)).toEqual([['own', 0, 0, [6, 12, 18]]]);
    expect(parts(30, null)).toEqual([['pumped', 0, 0, [6, 12, 18]]]);
  });

  it('are what we know, the hour in which we stopped, and what came after us', () => {
    expect(parts(null, 11)).toEqual([
      ['own', 0, 11, [6]],
      ['records', 11, 12, []],
      ['pumped', 12, 0, [18]],
    ]);
    expect(parts(null, 30)).toEqual([['own', 0, 0, [6, 12, 18]]]);
  });

  it('are all of these where we were there for a while, be it for an hour', () => {
    expect(parts(6, 11)).toEqual([
      ['pumped', 0, 6, []],
      ['records', 6, 7, []],
      ['own', 7, 11, []],
      ['records', 11, 12, []],
      ['pumped', 12, 0, [18]],
    ]);
    expect(parts(6, 6)).toEqual([
      ['pumped', 0, 6, []],
      ['records', 6, 7, []],
      ['pumped', 7, 0, [12, 18]],
    ]);
  });
});
