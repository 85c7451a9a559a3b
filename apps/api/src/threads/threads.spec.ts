import { Busy } from '@castellan/dto';
import { eventually } from '@castellan/testing';
import type { ObedientTask } from '../../test/threads/obedient.worker';
import { ThreadDied, Threads } from './threads';

const obedient = require.resolve('../../test/threads/obedient.worker');
const threads = (): Threads<ObedientTask, string> =>
  new Threads(obedient, { memory: 'checks', waiting: 2, longest: 60_000 });

/** A task that keeps its thread until it is woken up. */
const held = () => {
  const until = new SharedArrayBuffer(8);
  const words = new Int32Array(until);
  const task: ObedientTask = { act: 'wait', until };
  return {
    task,
    begun: () => eventually(() => Atomics.load(words, 0) === 1),
    wake: () => {
      Atomics.store(words, 1, 1);
      Atomics.notify(words, 1);
    },
  };
};

describe('threads', () => {
  it('do one task after the other, and give back what came of each', async () => {
    const pool = threads();
    const answers = ['one', 'two'].map((answer) => pool.run({ act: 'answer', with: answer }));
    expect(await Promise.all(answers)).toEqual(['one', 'two']);
    await expect(pool.run({ act: 'fail', with: 'no' })).rejects.toThrow('no');
  });

  it('are busy for whoever comes when as many tasks wait as may, and take tasks again afterwards', async () => {
    const pool = threads();
    const { task, begun, wake } = held();
    const first = pool.run(task);
    await begun();
    const waiting = ['one', 'two'].map((answer) => pool.run({ act: 'answer', with: answer }));
    await expect(pool.run({ act: 'answer', with: 'three' })).rejects.toBeInstanceOf(Busy);
    wake();
    expect(await Promise.all([first, ...waiting])).toEqual(['woken', 'one', 'two']);
    expect(await pool.run({ act: 'answer', with: 'three' })).toBe('three');
  });

  it('are busy for whoever works or waits longer than may be, and go on with a new thread', async () => {
    const limits = { memory: 'checks' as const, waiting: 2, longest: 200 };
    const pool = new Threads<ObedientTask, string>(obedient, limits);
    const { task } = held();
    const both = await Promise.allSettled([pool.run(task), pool.run({ act: 'answer', with: 'late' })]);
    expect(both.map((each) => each.status === 'rejected' && each.reason instanceof Busy)).toEqual([true, true]);
    limits.longest = 60_000;
    expect(await pool.run({ act: 'answer', with: 'in time' })).toBe('in time');
  });

  it('die when a task takes more memory than they have; that task is told, and the next one gets a new thread', async () => {
    const pool = threads();
    await expect(pool.run({ act: 'hoard' })).rejects.toBeInstanceOf(ThreadDied);
    expect(await pool.run({ act: 'answer', with: 'alive' })).toBe('alive');
  });
});
