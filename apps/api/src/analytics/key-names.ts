import { Inject, Injectable } from '@nestjs/common';
import type { AnalyticsRecord, FoundDocument } from '@castellan/analytics';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { digestOf } from '../keys/key-places';

/** A tag that gateways add by themselves, with what the record calls the key. */
const keyTag = 'key-';

/**
 * What keys are called. Gateways that do not hash keys record the tokens themselves: these are nowhere stored or shown, and what
 * stands in their place is what `key_hash` of the key is.
 */
@Injectable()
export class KeyNames {
  constructor(@Inject(CONFIG) private readonly config: Pick<ApiConfig, 'hashKeys'>) {}

  /** Whether records may have tokens in them. */
  get mayBeTokens(): boolean {
    return !this.config.hashKeys;
  }

  of(key: string): string {
    return this.mayBeTokens && key !== '' ? digestOf(key) : key;
  }

  ofRecord(record: AnalyticsRecord): AnalyticsRecord {
    if (!this.mayBeTokens) return record;
    return { ...record, apiKey: this.of(record.apiKey), tags: this.ofTags(record.tags) };
  }

  ofDocument<T extends FoundDocument>(document: T): T {
    if (!this.mayBeTokens) return document;
    const { apikey, tags = [] } = document;
    return { ...document, apikey: this.of(apikey), tags: this.ofTags(tags) };
  }

  private ofTags(tags: readonly string[]): readonly string[] {
    return tags.map((tag) => (tag.startsWith(keyTag) ? `${keyTag}${this.of(tag.slice(keyTag.length))}` : tag));
  }
}
