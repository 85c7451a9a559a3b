import { Injectable } from '@nestjs/common';
import { KeyStore } from '@castellan/keys';
import type { KeyRow } from '@castellan/persistence';
import {
  counterNames,
  numberAt,
  objectAt,
  policiesOf,
  quotaName,
  sessionForCallers,
  textAt,
  type Session,
} from '@castellan/tyk';
import { KeyPlacing } from './key-places';

/** What is left of one quota. */
interface QuotaLeft {
  readonly quota_max: number;
  readonly used: number;
  readonly remaining: number;
}

export interface Counters {
  /** For the key as a whole; null when it has no quota. */
  readonly key: QuotaLeft | null;
  /** For each API with a quota of its own. */
  readonly apis: Readonly<Record<string, QuotaLeft>>;
}

/** The live counters of keys, as nodes count. */
@Injectable()
export class KeyCounters {
  constructor(
    private readonly store: KeyStore,
    private readonly placing: KeyPlacing,
  ) {}

  /** Lets everything that nodes count of these keys begin anew. */
  async reset(rows: readonly KeyRow[]): Promise<void> {
    const names = rows.flatMap((row) =>
      this.placing.of(row).names.flatMap((name) => counterNames(name, scopesOf(row))),
    );
    await this.store.forget(names);
  }

  async of(row: KeyRow, session: Session): Promise<Counters> {
    const quotas = quotasOf(session);
    const quota = numberAt(session, 'quota_max');
    const [whole, ...each] = await Promise.all([
      this.used(row, ''),
      ...quotas.map(({ scope }) => this.used(row, scope)),
    ]);
    return {
      key: quota > 0 ? left(quota, whole) : null,
      apis: Object.fromEntries(quotas.map(({ apiId, most }, at) => [apiId, left(most, each[at] ?? 0)])),
    };
  }

  /** Lets a key go on where another one is: what is left of its quotas, and what a window of its rate has seen. */
  async carry(from: KeyRow, to: KeyRow): Promise<void> {
    const [source = ''] = this.placing.of(from).names;
    const [target = ''] = this.placing.of(to).names;
    const names = counterNames(source, scopesOf(from));
    const targets = counterNames(target, scopesOf(from));
    await Promise.all(names.map((name, at) => this.store.copy(name, targets[at] ?? name)));
  }

  /** Calls are counted under each name that a client may send. */
  private async used(row: KeyRow, scope: string): Promise<number> {
    const names = this.placing.of(row).names.map((name) => quotaName(name, scope));
    const counts = await this.store.readMany(names);
    return counts.reduce((sum, text) => sum + (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0), 0);
  }
}

/** What calls of a key may be counted under, beside the key as a whole (docs/tyk/keys.md#limits-of-several-policies). */
const scopesOf = ({ apiIds, policyIds }: KeyRow): readonly string[] => [...new Set([...apiIds, ...policyIds])];

interface ApiQuota {
  readonly apiId: string;
  readonly most: number;
  readonly scope: string;
}

/** APIs whose calls are not counted for the key as a whole. Without policies gateways from 5.0 on count each with a quota by itself. */
function quotasOf(session: Session): readonly ApiQuota[] {
  const follows = policiesOf(sessionForCallers(session)).length > 0;
  return Object.entries(objectAt(session, 'access_rights')).flatMap(([apiId, right]) => {
    const most = numberAt(right, 'limit', 'quota_max');
    const said = textAt(right, 'allowance_scope');
    const scope = said === '' && !follows ? apiId : said;
    return most > 0 && scope !== '' ? [{ apiId, most, scope }] : [];
  });
}

/** Nodes count refused calls too, so more can be used than there was. */
function left(most: number, used: number): QuotaLeft {
  return { quota_max: most, used, remaining: Math.max(0, most - used) };
}
