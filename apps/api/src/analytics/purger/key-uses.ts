import { Inject, Injectable } from '@nestjs/common';
import type { AnalyticsRecord } from '@castellan/analytics';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import { isObjectIdText, KeyIndex, toOrganisationId } from '@castellan/persistence';

const minuteMs = 60_000;
/** So much later a key has to be used again before that is noted, in milliseconds. */
const apartMs = 15 * minuteMs;
/** Keys of which it is remembered what was noted; of more, some are noted more often. */
const mostRemembered = 100_000;

/** What tells when keys were used: records, of which the keys have the names that the index knows them by. */
export type UsedKey = Pick<AnalyticsRecord, 'orgId' | 'apiKey' | 'timeStamp'>;

/** When keys were used last, by organisation and hash, in milliseconds. */
export class Uses {
  readonly byOrganisation = new Map<string, Map<string, number>>();

  /** @param now later than this no key was used, whatever the clock of a gateway says */
  add({ orgId, apiKey, timeStamp }: UsedKey, now: number): void {
    if (apiKey === '' || !isObjectIdText(orgId)) return;
    const keys = this.byOrganisation.get(orgId) ?? new Map<string, number>();
    const minute = Math.floor(Math.min(timeStamp.getTime(), now) / minuteMs) * minuteMs;
    if (minute > (keys.get(apiKey) ?? 0)) keys.set(apiKey, minute);
    this.byOrganisation.set(orgId, keys);
  }
}

/**
 * Notes in the index of keys when each was used last. A note that is lost, because a process died or the database was away, is made
 * up for by the next use.
 */
@Injectable()
export class KeyUses {
  private readonly noted = new Map<string, number>();

  constructor(
    @Inject(KeyIndex) private readonly index: Pick<KeyIndex, 'noteUses'>,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  of(records: Iterable<UsedKey>): Uses {
    const uses = new Uses();
    for (const record of records) uses.add(record, this.clock.millis());
    return uses;
  }

  /** Never throws: what is noted is no reason to hold up records. */
  async note({ byOrganisation }: Uses): Promise<void> {
    try {
      for (const [orgId, keys] of byOrganisation) {
        const fresh = [...keys].filter(([key, at]) => at >= (this.noted.get(nameOf(orgId, key)) ?? 0) + apartMs);
        const uses = new Map<number, string[]>();
        for (const [key, at] of fresh) {
          const used = uses.get(at) ?? [];
          used.push(key);
          uses.set(at, used);
        }
        await this.index.noteUses(toOrganisationId(orgId), uses);
        if (this.noted.size > mostRemembered) this.noted.clear();
        for (const [key, at] of fresh) this.noted.set(nameOf(orgId, key), at);
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'When keys were used last could not be noted');
    }
  }
}

const nameOf = (orgId: string, key: string): string => `${orgId} ${key}`;
