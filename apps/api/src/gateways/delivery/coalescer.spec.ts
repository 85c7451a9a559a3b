import { Coalescer } from './coalescer';

/** Work whose runs end when the test says so. */
class Work {
  readonly runs: { readonly finish: (value: string) => void; readonly fail: (error: Error) => void }[] = [];

  readonly begin = (): Promise<string> =>
    new Promise<string>((resolve, reject) => {
      this.runs.push({ finish: resolve, fail: reject });
    });

  finish(run: number, value = `run ${run}`): void {
    this.runs[run]?.finish(value);
  }
}

describe('Coalescer', () => {
  it('never hands out what was begun before the caller asked', async () => {
    const work = new Work();
    const coalescer = new Coalescer(work.begin);
    const first = coalescer.run();
    const late = coalescer.run();
    work.finish(0);
    expect(await first).toBe('run 0');
    work.finish(1);
    expect(await late).toBe('run 1');
  });

  it('does the work once for everybody who came during a run', async () => {
    const work = new Work();
    const coalescer = new Coalescer(work.begin);
    const first = coalescer.run();
    const others = Array.from({ length: 1_000 }, () => coalescer.run());
    work.finish(0);
    await first;
    work.finish(1);
    expect(new Set(await Promise.all(others))).toEqual(new Set(['run 1']));
    expect(work.runs).toHaveLength(2);
  });

  it('begins anew after a failure, and tells it only to those who asked for that run', async () => {
    const work = new Work();
    const coalescer = new Coalescer(work.begin);
    const first = coalescer.run();
    const second = coalescer.run();
    work.runs[0]?.fail(new Error('out of reach'));
    await expect(first).rejects.toThrow('out of reach');
    work.finish(1);
    expect(await second).toBe('run 1');
    const third = coalescer.run();
    work.finish(2);
    expect(await third).toBe('run 2');
  });

  it('never works twice at the same time, whenever the callers come', async () => {
    let active = 0;
    let most = 0;
    const coalescer = new Coalescer(async () => {
      active += 1;
      most = Math.max(most, active);
      for (let step = 0; step < 3; step += 1) await Promise.resolve();
      active -= 1;
    });
    // A caller in each of the steps in which one run ends and the next begins.
    const answers: Promise<void>[] = [];
    for (let step = 0; step < 100; step += 1) {
      answers.push(coalescer.run());
      await Promise.resolve();
    }
    await Promise.all(answers);
    expect(most).toBe(1);
  });
});
