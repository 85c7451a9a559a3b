import { createLogger } from './logger';
import { Recurring } from './recurring';

const silent = createLogger('test', 'silent');
const pause = 10_000;
/** The longest pause, with the jitter. */
const longestPause = pause * 1.25;

/** Work that takes a while of the mocked time, which passes when a test says so. */
const halfASecond = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 500);
  });

describe('Recurring', () => {
  let loop: Recurring | null = null;

  beforeEach(() => jest.useFakeTimers());
  afterEach(async () => {
    const stopped = loop?.stop();
    // Not all timers: some that belong to others repeat for ever.
    await jest.advanceTimersByTimeAsync(longestPause);
    await stopped;
    jest.useRealTimers();
  });

  const started = (job: () => Promise<void>): Recurring => {
    loop = new Recurring('test', pause, job, silent);
    loop.start();
    return loop;
  };

  const counting = (): { runs: number; job: () => Promise<void> } => {
    const counter = {
      runs: 0,
      job: () => {
        counter.runs += 1;
        return Promise.resolve();
      },
    };
    return counter;
  };

  it('runs at once, and again after each pause', async () => {
    const counter = counting();
    started(counter.job);
    await jest.advanceTimersByTimeAsync(0);
    expect(counter.runs).toBe(1);
    await jest.advanceTimersByTimeAsync(pause - 1);
    expect(counter.runs).toBe(1);
    await jest.advanceTimersByTimeAsync(longestPause - pause + 1);
    expect(counter.runs).toBe(2);
  });

  it('goes on after a failure, and logs it', async () => {
    let runs = 0;
    const logged: string[] = [];
    const logger = createLogger('test', 'warn', { write: (line) => logged.push(line) });
    loop = new Recurring('sweep', pause, () => Promise.reject(new Error(`failure ${++runs}`)), logger);
    loop.start();
    await jest.advanceTimersByTimeAsync(longestPause);
    expect(runs).toBe(2);
    expect(logged.join('')).toContain('failure 1');
    expect(logged.join('')).toContain('"job":"sweep"');
  });

  it('never runs twice at the same time', async () => {
    let active = 0;
    let most = 0;
    const running = started(async () => {
      active += 1;
      most = Math.max(most, active);
      await halfASecond();
      active -= 1;
    });
    for (let call = 0; call < 20; call += 1) {
      running.soon();
      await jest.advanceTimersByTimeAsync(100);
    }
    expect(most).toBe(1);
  });

  describe('soon', () => {
    it('brings the next run forward', async () => {
      const counter = counting();
      const running = started(counter.job);
      await jest.advanceTimersByTimeAsync(0);
      running.soon(100);
      await jest.advanceTimersByTimeAsync(100);
      expect(counter.runs).toBe(2);
    });

    it('never puts a run off, however often it is called', async () => {
      const counter = counting();
      const running = started(counter.job);
      await jest.advanceTimersByTimeAsync(0);
      for (let second = 0; second < 20; second += 1) {
        running.soon(3_000);
        await jest.advanceTimersByTimeAsync(1_000);
      }
      expect(counter.runs).toBeGreaterThanOrEqual(6);
    });

    it('is not forgotten when it is called during a run', async () => {
      let runs = 0;
      const running = started(async () => {
        runs += 1;
        await halfASecond();
      });
      await jest.advanceTimersByTimeAsync(100);
      running.soon(1_000);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(runs).toBe(2);
    });
  });

  it('stops after the run under way, and stays stopped', async () => {
    let runs = 0;
    let finished = 0;
    const running = started(async () => {
      runs += 1;
      await halfASecond();
      finished += 1;
    });
    await jest.advanceTimersByTimeAsync(0);
    const stopped = running.stop();
    running.soon();
    await jest.advanceTimersByTimeAsync(500);
    await stopped;
    await jest.advanceTimersByTimeAsync(10 * longestPause);
    expect([runs, finished]).toEqual([1, 1]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
