import { Injectable } from '@nestjs/common';
import {
  bucketStart,
  rowId,
  unitMs,
  type RollupKind,
  type RollupRow,
  type RowGroup,
  type RowLimit,
} from '@castellan/analytics';
import { RollupStore } from '../storage/rollup-store';

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

  constructor(private readonly rollups: RollupStore) {}

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
    const until = new Date(at.getTime() + unitMs.hour);
    for await (const rows of this.rollups.rows({ orgId, kinds: boundedKinds, unit: 'hour', from: at, until })) {
      for (const row of rows) {
        const name = groupName(row.kind, row.dimensions.api ?? '');
        const ids = hour.get(name) ?? new Set();
        ids.add(rowId(row));
        hour.set(name, ids);
      }
    }
    return hour;
  }
}
