import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Generations } from '@castellan/persistence';
import { contentDigest, isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import type { ResourceTransaction } from '../resources/resource-transaction';
import { findConflicts } from './conflicts';
import type { ConfigurationDocument } from './document';
import type { Drafted, Existing, SectionName, TransferKind, Wanted } from './kinds/kind';
import { TRANSFER_KINDS, type TransferKinds } from './kinds/kinds';
import { match, type Match, type MatchOptions } from './matching';
import { bySection, type Action, type Plan, type PlannedResource } from './plan';
import { Problems } from './problems';
import { PlannedReferences } from './references';
import { isWithin, outsideOf, type Subset } from './subset';

/** What somebody wants an organisation's configuration to be. */
export interface ImportRequest extends MatchOptions {
  readonly document: ConfigurationDocument;
  readonly subset: Subset;
  /** Delete what the document's sections lack. */
  readonly prune: boolean;
}

/** What is known of one section before anything is drafted. */
interface Survey {
  readonly kind: TransferKind;
  readonly existing: readonly Existing[];
  readonly matches: readonly Match[];
  /** What the document does not have and stays all the same. */
  readonly kept: readonly Existing[];
  readonly deleted: readonly Existing[];
}

/** One resource of a section that is there, or is going to be. */
interface Outcome {
  readonly match: Match;
  /** Its document until now, where that was looked at. */
  readonly before: string | null;
  /** Null when nothing changes. */
  readonly drafted: Drafted | null;
}

interface Run {
  /** Whose drafts see what the import is going to write. */
  readonly transaction: ResourceTransaction;
  readonly references: PlannedReferences;
  readonly request: ImportRequest;
  readonly problems: Problems;
}

/** After so many resources everybody else gets a turn. */
const turn = 50;

/** What refers to others is drafted after them. */
const draftOrder: readonly SectionName[] = ['hooks', 'apis', 'policies'];

/**
 * Compares a document with what there is and says what has to be done, without doing any of it. Everything that is wrong
 * is found before anything is written, and said at once.
 */
@Injectable()
export class Planner {
  constructor(
    @Inject(TRANSFER_KINDS) private readonly kinds: TransferKinds,
    private readonly generations: Generations,
  ) {}

  /** @throws ValidationFailed or Conflict with everything that is wrong */
  async plan(transaction: ResourceTransaction, request: ImportRequest): Promise<Plan> {
    const { organisation, session } = transaction;
    const problems = new Problems();
    const references = new PlannedReferences(transaction.references);
    const run = { transaction: transaction.referringTo(references), references, request, problems };
    const surveys = new Map<SectionName, Survey>();
    for (const name of draftOrder) {
      const survey = await this.survey(this.kinds[name], run);
      surveys.set(name, survey);
      for (const { key } of survey.deleted) references.willBeGone(name, key);
    }
    const resources: PlannedResource[] = [];
    let changedHooks: ReadonlySet<string> = new Set();
    for (const survey of surveys.values()) {
      const outcomes = await this.outcomes(survey, run, changedHooks);
      if (survey.kind.name === 'hooks') changedHooks = changedIds(outcomes);
      resources.push(...(await this.resourcesOf(survey, outcomes, run)));
    }
    problems.throwIfAny();
    const { generation } = await this.generations.of(organisation, session);
    return { resources: resources.sort(bySection), generation };
  }

  private async survey(kind: TransferKind, { transaction, request, problems }: Run): Promise<Survey> {
    const items = request.document.sections[kind.name];
    // APIs embed hooks, so a change of those concerns APIs of which the document says nothing.
    const isConcerned = items !== undefined || (kind.name === 'apis' && request.document.sections.hooks !== undefined);
    const existing = isConcerned ? await kind.existing(transaction.organisation, transaction.session) : [];
    const { matches, rest } = match(kind, items ?? [], existing, { ...request, problems });
    const isDeleted = (row: Existing) => request.prune && items !== undefined && isWithin(request.subset, row);
    return {
      kind,
      existing,
      matches,
      kept: rest.filter((row) => !isDeleted(row)),
      deleted: rest.filter(isDeleted),
    };
  }

  private async outcomes(survey: Survey, run: Run, changedHooks: ReadonlySet<string>): Promise<readonly Outcome[]> {
    const { kind, matches, kept } = survey;
    const embedsChange = (row: Existing | null) => row?.hookIds.some((id) => changedHooks.has(id)) === true;
    const same = await filterInTurns(matches, (one) => !embedsChange(one.existing) && isStored(kind, one, run));
    const implied = kept.filter(embedsChange);
    const others = [...matches.filter((one) => !same.has(one)), ...implied.map(impliedMatch)];
    const stored = await this.documents(kind, others, run);

    const outcomes: Outcome[] = [];
    for (const one of [...same, ...others]) {
      const before = stored.get(one._id.toString()) ?? null;
      const drafted = same.has(one) ? null : await this.draft(kind, one, before, run);
      if (!this.isAllowed(one, drafted, run)) continue;
      const isChanged = drafted !== null && digestOf(drafted) !== one.existing?.digest;
      outcomes.push({ match: one, before, drafted: isChanged ? drafted : null });
      if (isChanged) announce(kind.name, one, drafted, run.references);
    }
    return outcomes;
  }

  private async documents(kind: TransferKind, matches: readonly Match[], { transaction }: Run) {
    const ids = matches.flatMap(({ existing }) => existing?._id ?? []);
    const rows = await kind.rows(transaction.organisation, ids, transaction.session);
    return new Map(rows.map((row) => [row._id.toString(), row.document]));
  }

  private async draft(kind: TransferKind, one: Match, before: string | null, run: Run): Promise<Drafted | null> {
    const { transaction, problems } = run;
    const stored = before === null ? null : objectOf(before);
    // What the document does not have is drafted again from what is stored.
    const content = one.content ?? stored ?? {};
    const identity = { id: one._id.toString(), key: one.key };
    try {
      const parsed = kind.parse(kind.withIdentity(content, identity, transaction.organisation));
      return await kind.draft(transaction, parsed, one._id, stored);
    } catch (error) {
      problems.addError(one.path === '' ? `${kind.name}.${one.key}` : one.path, error);
      return null;
    }
  }

  /** Whether the import may touch the resource: only one that is in the subset, before and after. */
  private isAllowed(one: Match, drafted: Drafted | null, { request, problems }: Run): boolean {
    if (one.path === '') return true;
    for (const facts of [drafted?.facts, one.existing]) {
      const fault = facts == null ? null : outsideOf(request.subset, facts);
      if (fault === null) continue;
      problems.add(one.path, fault.message);
      return false;
    }
    return true;
  }

  private async resourcesOf(survey: Survey, outcomes: readonly Outcome[], run: Run): Promise<PlannedResource[]> {
    const { kind, existing, deleted } = survey;
    const { organisation, session } = run.transaction;
    const changed = outcomes.filter(({ match: { existing: row }, drafted }) => row !== null && drafted !== null);
    const created = outcomes.filter(({ match: { existing: row } }) => row === null);
    await this.check(survey, outcomes, created.length, run);
    if (run.problems.any) return [];

    const idsOf = (some: readonly Outcome[]) => some.map(({ match: one }) => one._id);
    const versions = await kind.firstVersions(organisation, idsOf(created), session);
    const releases = releasesOf([...changed.flatMap(({ match: one }) => one.existing ?? []), ...deleted], outcomes);
    const common = (_id: PlannedResource['_id']) => ({
      section: kind.name,
      _id,
      version: versions.get(_id.toString()) ?? 1,
      released: releases.get(_id.toString()) ?? null,
    });
    const nameOf = new Map(existing.map((row) => [row._id.toString(), row.name]));
    return [
      ...outcomes.map(({ match: { _id, path, key, existing: row }, before, drafted }) => ({
        ...common(_id),
        before,
        key: drafted?.facts.key ?? key,
        name: drafted?.facts.name ?? nameOf.get(_id.toString()) ?? '',
        action: actionOf(row, drafted),
        path: path === '' ? null : path,
        draft: drafted?.draft ?? null,
      })),
      ...deleted.map(({ _id, key, name }) => ({
        ...common(_id),
        key,
        name,
        before: null,
        action: 'delete' as const,
        path: null,
        draft: null,
      })),
    ];
  }

  /** Looks for everything that would be in the way of what is written. */
  private async check(survey: Survey, outcomes: readonly Outcome[], created: number, run: Run): Promise<void> {
    const { kind, existing, deleted, kept } = survey;
    const { organisation, session } = run.transaction;
    for (const { path, message } of await kind.usersOf(organisation, deleted)) {
      run.problems.add(path, message, 'in_use');
    }
    const unchanged = outcomes
      .filter(({ drafted }) => drafted === null)
      .flatMap(({ match: one }) => one.existing ?? []);
    const staying = [...kept, ...unchanged].map((row) => ({ ...row, id: row._id.toString() }));
    // What is drafted has been told that the hook is not there.
    for (const { key, name } of staying.filter((row) => run.references.losesHook(row))) {
      run.problems.add(`${kind.name}.${key}.hook_references`, `API "${name}" refers to the web hook`, 'in_use');
    }
    const written = outcomes.filter((outcome) => outcome.drafted !== null && outcome.match.path !== '');
    if (written.length === 0) return;
    if (created > 0) kind.admit(existing.length + created - deleted.length);
    const wanted = written.flatMap(wantedOf);
    findConflicts(kind, staying, wanted, run.problems);
    const before = new Map(existing.map((row) => [row._id.toString(), row]));
    const asked = wanted.map((one) => onlyNew(one, before.get(one._id.toString())));
    for (const { path, message, code, meta } of await kind.takenElsewhere(organisation, asked, session)) {
      run.problems.add(path, message, code, meta);
    }
  }
}

/** Stands for what is stored and has to be drafted again, though the document does not have it. */
const impliedMatch = (existing: Existing): Match => ({
  path: '',
  content: null,
  existing,
  _id: existing._id,
  key: existing.key,
});

/** Filters a long list, and gives everybody else a turn now and then. */
const filterInTurns = async <T>(list: readonly T[], keeps: (item: T) => boolean): Promise<ReadonlySet<T>> => {
  const kept = new Set<T>();
  for (const [index, item] of list.entries()) {
    if (index % turn === turn - 1) await nextTurn();
    if (keeps(item)) kept.add(item);
  }
  return kept;
};

/** Whether the entry is what is stored, to the last value; then it was checked when it was stored. */
const isStored = (kind: TransferKind, one: Match, { transaction }: Run): boolean => {
  if (one.content === null || one.existing === null) return false;
  const identity = { id: one._id.toString(), key: one.key };
  const content = kind.withIdentity(one.content, identity, transaction.organisation);
  return contentDigest(content) === one.existing.digest;
};

const objectOf = (document: string): JsonObject => {
  const value = parseJson(document);
  return isJsonObject(value) ? value : {};
};

const digestOf = ({ draft }: Drafted): string => contentDigest(parseJson(draft.document));

const changedIds = (outcomes: readonly Outcome[]): ReadonlySet<string> =>
  new Set(outcomes.filter(({ drafted }) => drafted !== null).map(({ match: one }) => one._id.toString()));

const actionOf = (existing: Existing | null, drafted: Drafted | null): Action => {
  if (existing === null) return 'create';
  return drafted === null ? 'unchanged' : 'change';
};

/** Lets the drafts that follow refer to this one. */
const announce = (section: SectionName, one: Match, { draft, facts }: Drafted, references: PlannedReferences): void => {
  if (section === 'hooks') references.willBeHook(one._id.toString(), draft.document);
  if (section !== 'apis') return;
  references.willBeApi({ apiId: facts.key, document: draft.document }, one.existing?.key ?? null);
};

const wantedOf = ({ match: { _id, path, existing }, drafted }: Outcome): Wanted[] =>
  drafted === null ? [] : [{ ...drafted.facts, _id, path, isNew: existing === null }];

/** What a resource asks for and does not have yet. */
const onlyNew = (wanted: Wanted, before: Existing | undefined): Wanted => {
  const held = new Set(before?.claims);
  return {
    ...wanted,
    key: wanted.key === before?.key ? '' : wanted.key,
    claims: wanted.claims.filter((claim) => !held.has(claim)),
  };
};

/** Rows that hold what others are about to get, with what they hold: by hex id. */
const releasesOf = (
  leaving: readonly Existing[],
  outcomes: readonly Outcome[],
): ReadonlyMap<string, Pick<Existing, 'claims' | 'slug'>> => {
  const owners = new Map<string, string>();
  for (const { match: one, drafted } of outcomes) {
    for (const text of heldBy(drafted?.facts)) owners.set(text, one._id.toString());
  }
  const isWanted = (row: Existing) =>
    heldBy(row).some((text) => (owners.get(text) ?? row._id.toString()) !== row._id.toString());
  return new Map(
    leaving.filter(isWanted).map((row) => [row._id.toString(), { claims: row.claims, slug: row.slug }] as const),
  );
};

const heldBy = (facts: Pick<Existing, 'claims' | 'slug'> | undefined): string[] =>
  facts === undefined
    ? []
    : [...facts.claims.map((claim) => `claim ${claim}`), ...(facts.slug === null ? [] : [`slug ${facts.slug}`])];
