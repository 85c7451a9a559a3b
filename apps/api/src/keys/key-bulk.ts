import { Injectable } from '@nestjs/common';
import { CastellanError, Conflict, ValidationFailed, type FieldError } from '@castellan/dto';
import { KeyStore } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import type { KeyRow } from '@castellan/persistence';
import { readSession, sessionForCallers, sessionName, writeSession } from '@castellan/tyk';
import type { OrganisationContext } from '../http/request-context';
import { ResourceTools } from '../resources/resource-tools';
import { keyCard } from './key-card';
import { KeyContents } from './key-contents';
import { KeyCounters } from './key-counters';
import { sessionToChange, type FoundKey } from './key-finder';
import { KeyPlacing } from './key-places';
import { lateness } from './key-reply';
import { KeySelection, type Selector } from './key-selection';
import { KeyWriter, type KeyChange } from './key-writer';

/** Keys that are committed together. */
const batchSize = 100;

/** What became of one key, or would become of it. */
export interface BulkResult {
  readonly key_id: string;
  readonly status: 'changed' | 'unchanged' | 'deleted' | 'missing' | 'refused' | 'failed';
  readonly message?: string;
  readonly errors?: readonly FieldError[];
}

export interface BulkOutcome {
  /** How many keys the filter finds now. */
  readonly total: number;
  readonly results: readonly BulkResult[];
  /** Where the next request goes on; null after the last key. */
  readonly next: string | null;
}

/** What is done to each key: another session for it, or none. */
interface Deed {
  readonly to: (found: FoundKey) => Promise<KeyChange | 'unchanged'>;
  readonly resetsQuota: boolean;
  readonly dryRun: boolean;
}

/** Changes and deletes many keys, and tells of each what became of it. */
@Injectable()
export class KeyBulk {
  constructor(
    private readonly tools: ResourceTools,
    private readonly selection: KeySelection,
    private readonly store: KeyStore,
    private readonly placing: KeyPlacing,
    private readonly contents: KeyContents,
    private readonly counters: KeyCounters,
    private readonly writer: KeyWriter,
    private readonly clock: Clock,
  ) {}

  /** Changes the fields that a body names. Keys that are like that already are left alone, their quota too. */
  async update(
    context: OrganisationContext,
    selector: Selector,
    change: object,
    resetsQuota: boolean,
  ): Promise<BulkOutcome> {
    const content = await this.contents.parse(change);
    if (Object.keys(content).length === 0)
      throw new ValidationFailed([{ path: 'change', message: 'must name what is to change' }]);
    const sight = await this.tools.sights.of(context);
    const references = this.contents.references(context.organisation);
    const to = async (found: FoundKey): Promise<KeyChange | 'unchanged'> => {
      const before = sessionToChange(found);
      const dated = { ...context, now: this.clock.now(), resetsQuota };
      const completion = { ...dated, sight, references, before, row: found.row };
      const session = await this.contents.complete(content, completion);
      const [was, is] = [found.session, session].map((one) => keyCard(sessionForCallers(one), 'bulk').digest);
      return was === is ? 'unchanged' : this.writer.changeOf(found, session, writeSession(session, found.text));
    };
    return this.run(context, selector, { to, resetsQuota, dryRun: selector.query.dry_run });
  }

  remove(context: OrganisationContext, selector: Selector): Promise<BulkOutcome> {
    const to = (found: FoundKey): Promise<KeyChange> => Promise.resolve(this.writer.changeOf(found, null, null));
    return this.run(context, selector, { to, resetsQuota: true, dryRun: selector.query.dry_run });
  }

  private async run(context: OrganisationContext, selector: Selector, deed: Deed): Promise<BulkOutcome> {
    const { rows, missing, total, next } = await this.selection.of(context, selector);
    const results: BulkResult[] = missing.map((key_id) => ({ key_id, status: 'missing' }));
    for (let from = 0; from < rows.length; from += batchSize) {
      const batch = await this.prepared(rows.slice(from, from + batchSize), deed, results);
      results.push(...(deed.dryRun ? batch.map(resultOf) : await this.written(context, batch, deed)));
    }
    return { total, results, next };
  }

  /** The changes of some keys; what cannot be changed stands among the results already. */
  private async prepared(rows: readonly KeyRow[], { to }: Deed, results: BulkResult[]): Promise<KeyChange[]> {
    const texts = await this.store.readMany(rows.map((row) => sessionName(this.placing.of(row).names[0] ?? '')));
    const changes: KeyChange[] = [];
    for (const [at, row] of rows.entries()) {
      const text = row.pending?.wanted ?? texts[at] ?? null;
      const session = readSession(text ?? '');
      if (session === undefined || text === null) {
        results.push({ key_id: row.hash, status: 'missing', message: 'Redis has no session of it' });
        continue;
      }
      try {
        const change = await to({ row, session, text });
        if (change === 'unchanged') results.push({ key_id: row.hash, status: 'unchanged' });
        else changes.push(change);
      } catch (error) {
        if (!(error instanceof CastellanError) || error.status >= 500) throw error;
        const { message, errors } = error;
        results.push({ key_id: row.hash, status: 'refused', message, errors });
      }
    }
    return changes;
  }

  private async written(
    context: OrganisationContext,
    changes: readonly KeyChange[],
    deed: Deed,
  ): Promise<readonly BulkResult[]> {
    if (changes.length === 0) return [];
    try {
      const failed = await this.writer.write(context, changes);
      const isFailed = ({ row }: KeyChange): boolean => failed.has(row._id.toString());
      if (deed.resetsQuota) await this.counters.reset(changes.filter((one) => !isFailed(one)).map(({ row }) => row));
      return changes.map((change) => (isFailed(change) ? unreached(change) : resultOf(change)));
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      const [change] = changes;
      if (changes.length === 1 && change !== undefined)
        return [{ key_id: change.row.hash, status: 'failed', message: error.message }];
      // One of them has changed meanwhile; the others can be written without it.
      const results: BulkResult[] = [];
      for (const one of changes) results.push(...(await this.written(context, [one], deed)));
      return results;
    }
  }
}

const resultOf = ({ row, is }: KeyChange): BulkResult => ({
  key_id: row.hash,
  status: is === null ? 'deleted' : 'changed',
  ...messageOf(lateness(row)),
});

const messageOf = ([message]: readonly string[]): Pick<BulkResult, 'message'> =>
  message === undefined ? {} : { message };

const unreached = ({ row }: KeyChange): BulkResult => ({
  key_id: row.hash,
  status: 'failed',
  message: 'It did not reach Redis, and stays as it was',
});
