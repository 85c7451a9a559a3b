import { inTurns } from './turns';

describe('a long list', () => {
  it('is gone through in order, and everybody else has turns meanwhile, though nothing is waited for', async () => {
    let [turns, going] = [0, true];
    const somebodyElse = (): void => {
      turns += 1;
      if (going) setImmediate(somebodyElse);
    };
    setImmediate(somebodyElse);
    const list = Array.from({ length: 1_000 }, (_, index) => index);
    const seen: number[] = [];
    for await (const item of inTurns(list)) seen.push(item);
    going = false;
    expect(seen).toEqual(list);
    expect(turns).toBeGreaterThanOrEqual(10);
  });
});
