import { Injectable } from '@nestjs/common';
import { bucketStart, type RollupKind, type RollupRow, type RowGroup, type RowLimit } from '@castellan/analytics';
import { AnalyticsCollections } from '../storage/collections';

/** Kinds whose number of rows callers could choose. */
const boundedKinds: RollupKind[] = ['api', 'key', 'endpoint', 'keyEndpoint', 'oauth', 'tag'];

/** Hours of organisations that are remembered; the ones that were used last. */
const hoursKept = 64;

/** Ids of rows by kind and API. */
type Hour = Map<string, Set<string>>;

const groupName = (kind: string, api: string): string => `${kind} ${api}`;
const hourName = (orgId: string, at: Date): string => `${at.getTime()} ${orgId}`;

/** Knows which rows there are of the hours that rows are merged into, so that no hour gets more than it may. */
@Injectable()
export class RowLimits implements RowLimit {
  private readonly hours = new Map<string, Hour>();

  constructor(private readonly collections: AnalyticsCollections) {}

  /** Reads what there is of the hours of these rows; to be called before they are merged. */
  async prepare(rows: readonly RollupRow[]): Promise<void> {
    const wanted = new Map(
      rows.map(({ orgId, at: begins }) => {
        const at = bucketStart('hour', begins);
        return [hourName(orgId, at), { orgId, at }];
      }),
    );
    for (const [name, { orgId, at }] of wanted) {
      const known = this.hours.get(name);
      this.hours.delete(name);
      this.hours.set(name, known ?? (await this.read(orgId, at)));
    }
    const surplus = this.hours.size - Math.max(hoursKept, wanted.size);
    for (const name of [...this.hours.keys()].slice(0, Math.max(surplus, 0))) this.hours.delete(name);
  }

  admits({ orgId, kind, api, at, most }: RowGroup, id: string): boolean {
    const hour = this.hours.get(hourName(orgId, at));
    if (hour === undefined) return true;
    const name = groupName(kind, api);
    const ids = hour.get(name) ?? new Set();
    if (ids.has(id)) return true;
    if (ids.size >= most) return false;
    ids.add(id);
    hour.set(name, ids);
    return true;
  }

  private async read(orgId: string, at: Date): Promise<Hour> {
    const hour: Hour = new Map();
    const rows = this.collections.rollups
      .find({ orgId, unit: 'hour', at, kind: { $in: boundedKinds } })
      .project<{ _id: string; kind: RollupKind; api?: string }>({ kind: 1, api: 1 });
    for await (const { _id, kind, api = '' } of rows) {
      const name = groupName(kind, api);
      const ids = hour.get(name) ?? new Set();
      ids.add(_id);
      hour.set(name, ids);
    }
    return hour;
  }
}
