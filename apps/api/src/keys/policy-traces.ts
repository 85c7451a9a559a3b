import { Injectable } from '@nestjs/common';
import type { ScanPlace } from '@castellan/keys';
import {
  KeyIndex,
  PolicyStore,
  toOrganisationId,
  type ChoreRow,
  type KeyRow,
  type OrganisationId,
  type PolicyRow,
} from '@castellan/persistence';
import {
  grantsRights,
  listAt,
  numberAt,
  objectAt,
  parseJson,
  policiesOf,
  policyValues,
  readSession,
  sessionFacts,
  sessionForCallers,
  textAt,
  withoutRights,
  withoutValues,
  writeSession,
  type Session,
} from '@castellan/tyk';
import { ChoreRunner, type Unfinished } from '../chores/chore-runner';
import { readLost } from '../policies/lost-values';
import { factsOf } from './key-facts';
import { KeyOwnValues } from './key-own-values';
import { PolicySessions, type Among } from './policy-sessions';

/** Pages of names that one step looks at. */
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
  /** Which are waited for: first those that ping, and then those, too, that are silent and not forgotten yet. */
  readonly among: Among;
}

/** What is looked for. */
interface Traces {
  readonly organisation: OrganisationId;
  /** By the ids that sessions name a policy by, the digests of what it says no more. */
  readonly lost: ReadonlyMap<string, ReadonlySet<string>>;
  /** Ids of policies that granted rights and do so no more. */
  readonly ungranted: ReadonlySet<string>;
  /** What policies say now, as far as anybody has asked. */
  readonly said: Map<string, Promise<Said>>;
}

interface Said {
  readonly values: ReadonlySet<string>;
  readonly grants: boolean;
}

/**
 * Takes out of sessions what their policies have lost: gateways write into sessions what policies say and never take it out
 * (docs/tyk/keys.md#policies-of-a-key). Where a key says something itself under the same name, that is there again. A session of whose
 * policies none grants rights any more opens nothing.
 */
@Injectable()
export class PolicyTraces {
  constructor(
    private readonly policies: PolicyStore,
    private readonly sessions: PolicySessions,
    private readonly index: KeyIndex,
    private readonly own: KeyOwnValues,
    runner: ChoreRunner,
  ) {
    runner.assign('traces.remove', { does: (chore) => this.follow(chore) });
  }

  private async follow({ orgId, text, progress = '' }: ChoreRow): Promise<Unfinished | null> {
    const begun = { changed: 0, isLast: false, since: 0, among: 'pinging' } as const;
    const at = progress === '' ? { ...begun, places: this.sessions.beginnings() } : readProgress(progress);
    if (at.places.length === 0) return this.wait(at);
    const traces = tracesOf(toOrganisationId(orgId), text);
    const { places, changed } = await this.sessions.walk(at.places, pagesAtOnce, {
      ...{ organisation: traces.organisation, ids: new Set(traces.lost.keys()) },
      mend: (session, row) => this.withoutTraces(session, row, traces),
      note: (row, clean) => this.note(row, clean, traces),
    });
    const next = { ...at, places, changed: at.changed + changed };
    if (places.length > 0) return unfinished('Sessions are looked at', next, true);
    if (next.isLast && next.changed === 0) {
      const left = at.among === 'pinging' ? await this.sessions.oldCopies(at.since) : null;
      return left === null
        ? null
        : unfinished(left.reason, { ...next, ...again, since: left.since, among: 'all' }, false);
    }
    // A call that was under way when a session was put right writes the old one back, however long ago all have loaded the policies.
    return this.wait({ ...next, ...again, since: next.changed === 0 ? next.since : 0 });
  }

  private async wait(at: Progress): Promise<Unfinished> {
    const old = await this.sessions.oldCopies(at.since, at.among);
    if (old !== null) return unfinished(old.reason, { ...at, since: old.since }, false);
    const last = { ...at, places: this.sessions.beginnings(), changed: 0, isLast: true };
    return unfinished('Sessions are looked at', last, true);
  }

  /** The session itself where there is nothing to put right. */
  private async withoutTraces(session: Session, row: KeyRow | undefined, traces: Traces): Promise<Session> {
    const applied = policiesOf(sessionForCallers(session));
    const concerned = applied.filter((id) => traces.lost.has(id));
    if (concerned.length === 0) return session;
    const said = await Promise.all(applied.map((id) => this.saidBy(id, traces)));
    const lost = concerned.flatMap((id) => [...(traces.lost.get(id) ?? [])]);
    const stale = lost.filter((value) => !said.some(({ values }) => values.has(value)));
    const clean = withoutValues(session, new Set(stale), row === undefined ? null : this.own.of(row));
    const isSame = clean['tags'] === session['tags'] && clean['meta_data'] === session['meta_data'];
    const kept = isSame ? session : clean;
    return concerned.some((id) => traces.ungranted.has(id)) && !said.some(({ grants }) => grants)
      ? withoutRights(kept)
      : kept;
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

  private saidBy(id: string, { organisation, said }: Traces): Promise<Said> {
    const asked = said.get(id) ?? this.policies.byEitherId(organisation, id, null).then((row) => saidIn(row, id));
    said.set(id, asked);
    return asked;
  }
}

const tracesOf = (organisation: OrganisationId, text: string): Traces => {
  const lost = new Map<string, Set<string>>();
  const ungranted = new Set<string>();
  for (const one of readLost(text))
    for (const id of one.ids) {
      lost.set(id, new Set([...(lost.get(id) ?? []), ...one.lost]));
      if (one.rights) ungranted.add(id);
    }
  return { organisation, lost, ungranted, said: new Map() };
};

/** Of a policy that gateways load under another id than the session names, they know nothing. */
const saidIn = (row: PolicyRow | null, id: string): Said => {
  const policy = row === null ? {} : objectAt(parseJson(row.document));
  return { values: policyValues(policy), grants: row !== null && row.policyId === id && grantsRights(policy) };
};

/** What of the progress begins anew when there is something to wait for. */
const again = { places: [], isLast: false } as const;

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
  const among = textAt(value, 'among') === 'all' ? 'all' : 'pinging';
  return { places, changed: numberAt(value, 'changed'), isLast, since: numberAt(value, 'since'), among };
};
