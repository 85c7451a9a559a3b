import { Injectable } from '@nestjs/common';
import { KeyStore } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import type { KeyRow } from '@castellan/persistence';
import {
  blockedName,
  counterNames,
  numberAt,
  objectAt,
  policiesOf,
  quotaName,
  rateName,
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

/** What a window of time has seen of a rate. */
interface RateSeen {
  readonly rate: number;
  /** The window, in seconds. */
  readonly per: number;
  readonly used: number;
  readonly remaining: number;
  /** Whether gateways refuse every call until the window is over. */
  readonly blocked: boolean;
}

export interface Counters {
  /** For the key as a whole; null when it has no quota. */
  readonly key: QuotaLeft | null;
  /** For each API with a quota of its own. */
  readonly apis: Readonly<Record<string, QuotaLeft>>;
  /** The same of rates that gateways count in Redis; what they count in their memory only they know. */
  readonly rates: {
    /** Null when nothing is counted there. */
    readonly key: RateSeen | null;
    readonly apis: Readonly<Record<string, RateSeen>>;
  };
}

/** The live counters of keys, as nodes count. */
@Injectable()
export class KeyCounters {
  constructor(
    private readonly store: KeyStore,
    private readonly placing: KeyPlacing,
    private readonly clock: Clock,
  ) {}

  /** Lets everything that nodes count of these keys begin anew. */
  async reset(rows: readonly KeyRow[]): Promise<void> {
    const names = rows.flatMap((row) =>
      this.placing.of(row).names.flatMap((name) => counterNames(name, scopesOf(row))),
    );
    await this.store.forget(names);
  }

  async of(row: KeyRow, session: Session): Promise<Counters> {
    const limits = limitsOf(session);
    const quotas = limits.filter(({ quota }) => quota > 0);
    const quota = numberAt(session, 'quota_max');
    const [whole, ...each] = await Promise.all([
      this.used(row, ''),
      ...quotas.map(({ scope }) => this.used(row, scope)),
    ]);
    const own = { scope: '', rate: numberAt(session, 'rate'), per: numberAt(session, 'per') };
    const [rate = null, ...rates] = await Promise.all([own, ...limits].map((limit) => this.seen(row, limit)));
    return {
      key: quota > 0 ? left(quota, whole) : null,
      apis: Object.fromEntries(quotas.map(({ apiId, quota: most }, at) => [apiId, left(most, each[at] ?? 0)])),
      rates: {
        key: rate,
        apis: Object.fromEntries(
          limits.flatMap(({ apiId }, at) => {
            const seen = rates[at] ?? null;
            return seen === null ? [] : [[apiId, seen]];
          }),
        ),
      },
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

  /** Null where gateways have counted nothing in Redis: there were no calls, or each counts for itself. */
  private async seen(
    row: KeyRow,
    { scope, rate, per }: Pick<ApiLimit, 'scope' | 'rate' | 'per'>,
  ): Promise<RateSeen | null> {
    if (rate <= 0 || per <= 0) return null;
    const names = this.placing.of(row).names.map((name) => rateName(name, scope));
    const since = this.clock.millis() - per * 1_000;
    const [calls, blocks] = await Promise.all([
      Promise.all(names.map((name) => this.store.callsSince(name, since))),
      this.store.readMany(names.map(blockedName)),
    ]);
    const used = calls.reduce((sum, count) => sum + count, 0);
    const blocked = blocks.some((block) => block !== null);
    return used === 0 && !blocked ? null : { rate, per, used, remaining: Math.max(0, rate - used), blocked };
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

interface ApiLimit {
  readonly apiId: string;
  readonly scope: string;
  readonly quota: number;
  readonly rate: number;
  readonly per: number;
}

/** APIs whose calls are not counted for the key as a whole. Without policies gateways from 5.0 on count each with a limit by itself. */
function limitsOf(session: Session): readonly ApiLimit[] {
  const follows = policiesOf(sessionForCallers(session)).length > 0;
  return Object.entries(objectAt(session, 'access_rights')).flatMap(([apiId, right]) => {
    const limit = objectAt(right, 'limit');
    const [quota, rate, per] = [numberAt(limit, 'quota_max'), numberAt(limit, 'rate'), numberAt(limit, 'per')];
    const said = textAt(right, 'allowance_scope');
    const scope = said === '' && !follows ? apiId : said;
    return (quota > 0 || rate > 0) && scope !== '' ? [{ apiId, scope, quota, rate, per }] : [];
  });
}

/** Nodes count refused calls too, so more can be used than there was. */
function left(most: number, used: number): QuotaLeft {
  return { quota_max: most, used, remaining: Math.max(0, most - used) };
}
