import { Clock, createLogger } from '@castellan/observability';
import { KeyUses, type UsedKey } from './key-uses';

const [acme, other] = ['5e9d9544a1dcd60001d0ed20', '5e9d9544a1dcd60001d0ed21'];
const use = (apiKey: string, time: string, orgId = acme): UsedKey => ({
  ...{ apiKey, orgId },
  timeStamp: new Date(`2026-11-26T${time}Z`),
});

class Noon extends Clock {
  override now(): Date {
    return new Date('2026-11-26T12:00:30Z');
  }
}

describe('when keys were used last', () => {
  const started = (fails = false) => {
    const noted: string[] = [];
    const noteUses = (organisation: string, uses: ReadonlyMap<number, readonly string[]>): Promise<void> => {
      if (fails) return Promise.reject(new Error('away'));
      for (const [at, keys] of uses)
        noted.push(
          `${organisation === acme ? 'acme' : 'other'} ${new Date(at).toISOString().slice(11, 16)} ${keys.join(' ')}`,
        );
      return Promise.resolve();
    };
    const uses = new KeyUses({ noteUses }, new Noon(), createLogger('test', 'silent'));
    return { noted, see: (...records: UsedKey[]) => uses.note(uses.of(records)) };
  };

  it('is noted by the minute, of each organisation, and never of a time to come', async () => {
    const { noted, see } = started();
    await see(use('a', '11:20:59'), use('a', '11:19:00'), use('b', '11:20:01'), use('c', '23:00:00'));
    await see(use('a', '11:40:00', other), use('', '11:00:00'), use('d', '11:00:00', 'nobody'));
    expect(noted).toEqual(['acme 11:20 a b', 'acme 12:00 c', 'other 11:40 a']);
  });

  it('is noted again once it is a quarter of an hour later', async () => {
    const { noted, see } = started();
    for (const time of ['11:00:00', '11:14:59', '10:00:00', '11:15:00', '11:16:00']) await see(use('a', time));
    expect(noted).toEqual(['acme 11:00 a', 'acme 11:15 a']);
  });

  it('holds nothing up when it cannot be noted', async () => {
    const { noted, see } = started(true);
    await expect(see(use('a', '11:00:00'))).resolves.toBeUndefined();
    expect(noted).toEqual([]);
  });
});
