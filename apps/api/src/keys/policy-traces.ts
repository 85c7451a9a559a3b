import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { KeyStore, type ScanPlace } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import {
  KeyIndex,
  PolicyStore,
  toOrganisationId,
  type ChoreRow,
  type KeyRow,
  type OrganisationId,
} from '@castellan/persistence';
import {
  listAt,
  mayNameAny,
  numberAt,
  objectAt,
  parseJson,
  policiesOf,
  policyValues,
  readSession,
  SESSION_PREFIX,
  sessionFacts,
  sessionForCallers,
  textAt,
  withoutValues,
  writeSession,
  type Session,
} from '@castellan/tyk';
import { ChoreRunner, type Unfinished } from '../chores/chore-runner';
import { LoadedTexts } from '../gateways/nodes/loaded-texts';
import { readLost } from '../policies/lost-values';
import { factsOf } from './key-facts';
import { KeyOwnValues } from './key-own-values';
import { digestOf, KeyPlacing, namesSaidBy } from './key-places';

/** Pages of names that one step looks at, each of some hundred or thousand. */
const pagesAtOnce = 5;

/**
 * How far it is: walking over the sessions, or waiting until every gateway has loaded the policies and can have no session of before.
 * What the walk has found until then may be written back, so another one comes after that, until one finds nothing.
 */
interface Progress {
  readonly places: readonly ScanPlace[];
  /** How many sessions this walk has put right. */
  readonly changed: number;
  /** Whether gateways could have no old copies when the walk began. */
  readonly isLast: boolean;
  /** Since when all gateways have loaded the policies, in milliseconds; 0 while that is not known. */
  readonly since: number;
}

/** What is looked for. */
interface Traces {
  readonly organisation: OrganisationId;
  /** By the ids that sessions name a policy by, the digests of what it says no more. */
  readonly lost: ReadonlyMap<string, ReadonlySet<string>>;
  readonly ids: ReadonlySet<string>;
  /** What policies say now, as far as anybody has asked. */
  readonly said: Map<string, Promise<ReadonlySet<string>>>;
}

/**
 * Takes tags and meta data out of sessions that their policies have lost: gateways write into sessions what policies say and never
 * take it out (docs/tyk/keys.md#policies-of-a-key). Where a key says something itself under the same name, that is there again.
 */
@Injectable()
export class PolicyTraces {
  constructor(
    private readonly policies: PolicyStore,
    private readonly store: KeyStore,
    private readonly index: KeyIndex,
    private readonly placing: KeyPlacing,
    private readonly own: KeyOwnValues,
    private readonly loaded: LoadedTexts,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    runner: ChoreRunner,
  ) {
    runner.assign('traces.remove', { does: (chore) => this.follow(chore) });
  }

  private async follow({ orgId, text, progress = '' }: ChoreRow): Promise<Unfinished | null> {
    const begun = { places: this.store.beginnings(), changed: 0, isLast: false, since: 0 };
    const at = progress === '' ? begun : readProgress(progress);
    if (at.places.length === 0) return this.wait(at);
    const lost = new Map<string, Set<string>>();
    for (const one of readLost(text))
      for (const id of one.ids) lost.set(id, new Set([...(lost.get(id) ?? []), ...one.lost]));
    const next = await this.walk(at, {
      organisation: toOrganisationId(orgId),
      ...{ lost, ids: new Set(lost.keys()), said: new Map() },
    });
    if (next.places.length > 0) return unfinished('Sessions are looked at', next, true);
    return next.isLast && next.changed === 0 ? null : this.wait({ ...next, isLast: false });
  }

  private async wait(at: Progress): Promise<Unfinished> {
    const behind = await this.loaded.whoLacksPolicies();
    if (behind !== null) return unfinished(behind, { ...at, since: 0 }, false);
    const now = this.clock.millis();
    const since = at.since === 0 ? now : at.since;
    if (now < since + this.config.keySettleMs) {
      return unfinished('Gateways may have old sessions yet', { ...at, since }, false);
    }
    const last = { places: this.store.beginnings(), changed: 0, isLast: true, since };
    return unfinished('Sessions are looked at', last, true);
  }

  /** Some pages more, from where the last step has ended. */
  private async walk(at: Progress, traces: Traces): Promise<Progress> {
    let { places, changed } = at;
    for (let page = 0; page < pagesAtOnce && places.length > 0; page += 1) {
      const [place, ...others] = places;
      if (place === undefined) break;
      const found = await this.store.scan(place, SESSION_PREFIX);
      // A server that is gone has handed its keys to others, of which some may have been passed already.
      changed += found === null ? 1 : await this.putRight(found.names, traces);
      places = found === null || found.next.cursor === '0' ? others : [found.next, ...others];
    }
    return { ...at, places, changed };
  }

  private async putRight(names: readonly string[], traces: Traces): Promise<number> {
    const texts = await this.store.readMany(names);
    const found = names.flatMap((name, at) => {
      const text = texts[at] ?? '';
      const session = mayNameAny(text, traces.ids) ? readSession(text) : undefined;
      return session === undefined || textAt(session, 'org_id') !== traces.organisation
        ? []
        : [{ stored: name.slice(SESSION_PREFIX.length), name, text, session }];
    });
    const known = await this.index.known(found.map(({ stored }) => digestOf(stored)));
    const rows = new Map(known.flatMap((row) => [row.hash, ...row.copies].map((hash) => [hash, row] as const)));
    let changed = 0;
    for (const { stored, name, text, session } of found) {
      const row = rows.get(digestOf(stored));
      if (row !== undefined && row.deletedAt !== null) continue;
      const clean = await this.withoutTraces(session, row, traces);
      if (clean === session) continue;
      // Counted also when somebody else has written it meanwhile: then it is looked at again.
      changed += 1;
      if (row !== undefined) await this.note(row, clean, traces);
      const said = row === undefined ? [] : this.placing.of(row).announced;
      await this.store.replace(name, text, writeSession(clean, text), [...new Set([...namesSaidBy(stored), ...said])]);
    }
    return changed;
  }

  /** The session itself where there is nothing to put right. */
  private async withoutTraces(session: Session, row: KeyRow | undefined, traces: Traces): Promise<Session> {
    const applied = policiesOf(sessionForCallers(session));
    const lost = applied.flatMap((id) => [...(traces.lost.get(id) ?? [])]);
    if (lost.length === 0) return session;
    const said = await Promise.all(applied.map((id) => this.saidBy(id, traces)));
    const stale = lost.filter((value) => !said.some((values) => values.has(value)));
    const clean = withoutValues(session, new Set(stale), row === undefined ? null : this.own.of(row));
    const isSame = clean['tags'] === session['tags'] && clean['meta_data'] === session['meta_data'];
    return isSame ? session : clean;
  }

  /** What the index says of it; and what a change that is not certain yet would bring back. */
  private async note(row: KeyRow, clean: Session, traces: Traces): Promise<void> {
    if (row.pending === null) return this.index.refresh(row, factsOf(sessionFacts(clean)));
    const { wanted } = row.pending;
    const session = readSession(wanted ?? '');
    if (session === undefined || wanted === null) return;
    const awaited = await this.withoutTraces(session, row, traces);
    const pending = { ...row.pending, wanted: writeSession(awaited, wanted) };
    await this.index.settle(row, pending, factsOf(sessionFacts(awaited)));
  }

  private saidBy(id: string, { organisation, said }: Traces): Promise<ReadonlySet<string>> {
    const asked =
      said.get(id) ??
      this.policies
        .byEitherId(organisation, id, null)
        .then((row) => (row === null ? new Set<string>() : policyValues(objectAt(parseJson(row.document)))));
    said.set(id, asked);
    return asked;
  }
}

const unfinished = (reason: string, progress: Progress, goesOn: boolean): Unfinished => ({
  ...{ reason, goesOn },
  progress: JSON.stringify(progress),
});

const readProgress = (text: string): Progress => {
  const value = parseJson(text);
  const places = listAt(value, 'places').map((one) => ({
    server: textAt(one, 'server'),
    cursor: textAt(one, 'cursor'),
  }));
  const isLast = objectAt(value)['isLast'] === true;
  return { places, changed: numberAt(value, 'changed'), isLast, since: numberAt(value, 'since') };
};
