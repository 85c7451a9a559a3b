import { mongo } from 'mongoose';
import { ReadingTime, withinTime } from './reading-limits';

const advice = /takes more than 20 seconds; ask for a shorter time/;

describe('a question that takes too long to read', () => {
  afterEach(() => jest.restoreAllMocks());

  it('is given up after 20 seconds', () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(1_000);
    const time = new ReadingTime();
    now.mockReturnValue(21_000);
    expect(() => {
      time.check();
    }).not.toThrow();
    now.mockReturnValue(21_001);
    expect(() => {
      time.check();
    }).toThrow(advice);
  });

  it('is refused with advice when the database gives it up, and never answered with what was read by then', async () => {
    const expired = new mongo.MongoServerError({ message: 'operation exceeded time limit', code: 50 });
    await expect(withinTime(() => Promise.reject(expired))).rejects.toMatchObject({
      status: 400,
      code: 'limit_reached',
      message: expect.stringMatching(advice) as unknown,
    });
    const other = new mongo.MongoServerError({ message: 'something else', code: 1 });
    await expect(withinTime(() => Promise.reject(other))).rejects.toBe(other);
    await expect(withinTime(() => Promise.resolve(7))).resolves.toBe(7);
  });
});
