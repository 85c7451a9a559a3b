import { eventually, NeverHappened } from './eventually';

describe('eventually', () => {
  it('returns the first truthy answer', async () => {
    let calls = 0;
    expect(await eventually(() => (++calls < 3 ? undefined : `call ${calls}`), { intervalMs: 1 })).toBe('call 3');
  });

  it('waits for promises and takes errors for "not yet"', async () => {
    let calls = 0;
    const condition = async () => {
      await Promise.resolve();
      if (++calls < 3) throw new Error('too early');
      return calls;
    };
    expect(await eventually(condition, { intervalMs: 1 })).toBe(3);
  });

  it('tries at least once, however short the deadline', async () => {
    expect(await eventually(() => 'now', { deadlineMs: 0 })).toBe('now');
  });

  it('gives up with what was awaited and the last value', async () => {
    const attempt = eventually(() => 0, { deadlineMs: 10, intervalMs: 1, describe: 'three nodes' });
    await expect(attempt).rejects.toThrow(NeverHappened);
    await expect(attempt).rejects.toThrow('Gave up waiting for three nodes after 10 ms. The last value was 0.');
  });

  it('gives up with the last error as its cause', async () => {
    const cause = new Error('connection refused');
    const attempt = eventually(() => Promise.reject(cause), { deadlineMs: 10, intervalMs: 1 });
    await expect(attempt).rejects.toThrow('The last attempt failed: connection refused');
    await expect(attempt).rejects.toMatchObject({ cause });
  });

  it('gives up on a condition that never answers', async () => {
    const attempt = eventually(() => new Promise<boolean>(() => undefined), { deadlineMs: 10, intervalMs: 1 });
    await expect(attempt).rejects.toThrow('The last attempt never answered.');
  });
});
