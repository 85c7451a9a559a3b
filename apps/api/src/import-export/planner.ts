import { Inject, Injectable } from '@nestjs/common';
import {
  DOCUMENT_WORK,
  Generations,
  kindNamed,
  type Claims,
  type DocumentWork,
  type ResourceRow,
} from '@castellan/persistence';
import { isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import type { Existing } from '../resources/document-form';
import { StoredReferences } from '../resources/references';
import type { ReadScope } from '../resources/read-scope';
import { withUnsaidRightsOf } from '../resources/rights';
import type { Wanted } from '../resources/wanted';
import { digestOfValue } from '../threads/document-checks';
import type { ConfigurationDocument } from './document';
import { match, type Match, type MatchOptions } from './matching';
import { bySection, type Action, type Plan, type PlannedResource } from './plan';
import { Problems } from './problems';
import { PlannedReferences } from './references';
import { isWithin, outsideOf, type Subset } from './subset';
import type { Drafted, TransferKind } from './transfer-kind';
import { TransferKinds } from './transfer-kinds';
import { inTurns } from './turns';

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
  readonly scope: ReadScope;
  /** Drafts see what the import is going to write. */
  readonly references: PlannedReferences;
  readonly request: ImportRequest;
  readonly problems: Problems;
}

/**
 * Compares a document with what there is and says what has to be done, without doing any of it. Everything that is wrong
 * is found before anything is written, and said at once.
 */
@Injectable()
export class Planner {
  constructor(
    private readonly kinds: TransferKinds,
    private readonly stored: StoredReferences,
    private readonly generations: Generations,
    @Inject(DOCUMENT_WORK) private readonly work: DocumentWork,
  ) {}

  /** @throws ValidationFailed or Conflict with everything that is wrong */
  async plan(scope: ReadScope, request: ImportRequest): Promise<Plan> {
    // First of all: what is committed meanwhile makes the plan older than it says, and it is made again.
    const { sequence, generation } = await this.generations.of(scope.organisation, scope.session);
    const problems = new Problems();
    const references = new PlannedReferences(this.stored, scope);
    const run = { scope, references, request, problems };
    const surveys: Survey[] = [];
    for (const kind of this.kinds.toDraft) {
      const survey = await this.survey(kind, run);
      surveys.push(survey);
      for (const { _id, key } of survey.deleted) references.willBeGone(kind.name, [_id.toString(), key]);
    }
    const resources: PlannedResource[] = [];
    const changed = new Set<string>();
    for (const survey of surveys) {
      const outcomes = await this.outcomes(survey, run, changed);
      for (const id of changedIds(outcomes)) changed.add(id);
      resources.push(...(await this.resourcesOf(survey, outcomes, run)));
    }
    problems.throwIfAny();
    const sections = this.kinds.all.map(({ section }) => section);
    return { resources: resources.sort(bySection(sections)), madeAt: { sequence, generation } };
  }

  private async survey(kind: TransferKind, { scope, request, problems }: Run): Promise<Survey> {
    const { sections } = request.document;
    const items = sections[kind.section];
    // APIs embed hooks, so a change of those concerns APIs of which the document says nothing.
    const embedded = kind.kind.embeds.map((name) => this.kinds.named(name).section);
    const isConcerned = items !== undefined || embedded.some((section) => sections[section] !== undefined);
    const existing = isConcerned ? await kind.existing(scope.organisation, scope.session) : [];
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

  private async outcomes(survey: Survey, run: Run, changedOriginals: ReadonlySet<string>): Promise<readonly Outcome[]> {
    const { kind, matches, kept } = survey;
    const embedsChange = (row: Existing | null) => row?.copies.some((id) => changedOriginals.has(id)) === true;
    const same = await filterInTurns(matches, async (one) => !embedsChange(one.existing) && isStored(kind, one, run));
    const implied = kept.filter(embedsChange);
    const others = [...matches.filter((one) => !same.has(one)), ...implied.map(impliedMatch)];
    const stored = await this.documents(kind, others, run);

    const outcomes: Outcome[] = [];
    for await (const one of inTurns([...same, ...others])) {
      const before = stored.get(one._id.toString()) ?? null;
      const drafted = same.has(one) ? null : await this.draft(kind, one, before, run);
      if (!this.isAllowed(one, drafted, run)) continue;
      const isChanged = drafted !== null && (await this.work.digest(drafted.draft.document)) !== one.existing?.digest;
      outcomes.push({ match: one, before, drafted: isChanged ? drafted : null });
      if (isChanged) announce(kind, one, drafted, run.references);
    }
    return outcomes;
  }

  private async documents(kind: TransferKind, matches: readonly Match[], { scope }: Run) {
    const ids = matches.flatMap(({ existing }) => existing?._id ?? []);
    const rows = await kind.rows(scope.organisation, ids, scope.session);
    return new Map(rows.map((row) => [row._id.toString(), row.document]));
  }

  private async draft(kind: TransferKind, one: Match, before: string | null, run: Run): Promise<Drafted | null> {
    const { scope, references, problems } = run;
    const stored = before === null ? null : objectOf(before);
    // What the document does not have is drafted again from what is stored.
    const said = one.content ?? stored ?? {};
    const content = stored === null ? said : withUnsaidRightsOf(kind.name, () => stored, said);
    const identity = { id: one._id.toString(), key: one.key };
    try {
      const parsed = await kind.parsed(kind.form.withIdentity(content, identity, scope.organisation));
      return await kind.draft(scope, references.of(kind.name), parsed, one._id, stored);
    } catch (error) {
      problems.addError(one.path === '' ? `${kind.section}.${one.key}` : one.path, error);
      return null;
    }
  }

  /** Whether the import may touch the resource: only one that is in the subset, before and after. */
  private isAllowed(one: Match, drafted: Drafted | null, { request, problems }: Run): boolean {
    if (one.path === '') return true;
    for (const outline of [drafted?.outline, one.existing]) {
      const fault = outline == null ? null : outsideOf(request.subset, outline);
      if (fault === null) continue;
      problems.add(one.path, fault.message);
      return false;
    }
    return true;
  }

  private async resourcesOf(survey: Survey, outcomes: readonly Outcome[], run: Run): Promise<PlannedResource[]> {
    const { kind, existing, deleted } = survey;
    const { organisation, session } = run.scope;
    const changed = outcomes.filter(({ match: { existing: row }, drafted }) => row !== null && drafted !== null);
    const created = outcomes.filter(({ match: { existing: row } }) => row === null);
    await this.check(survey, outcomes, run);
    if (run.problems.any) return [];

    const idsOf = (some: readonly Outcome[]) => some.map(({ match: one }) => one._id);
    const versions = await kind.firstVersions(organisation, idsOf(created), session);
    const releases = releasesOf([...changed.flatMap(({ match: one }) => one.existing ?? []), ...deleted], outcomes);
    const common = (_id: PlannedResource['_id']) => ({
      kind,
      _id,
      version: versions.get(_id.toString()) ?? 1,
      released: releases.get(_id.toString()) ?? null,
    });
    const nameOf = new Map(existing.map((row) => [row._id.toString(), row.name]));
    return [
      ...outcomes.map(({ match: { _id, path, key, existing: row }, before, drafted }) => ({
        ...common(_id),
        before,
        key: drafted?.outline.key ?? key,
        name: drafted?.outline.name ?? nameOf.get(_id.toString()) ?? '',
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
  private async check(survey: Survey, outcomes: readonly Outcome[], run: Run): Promise<void> {
    const { kind, deleted, kept } = survey;
    const { problems, references, scope } = run;
    for (const { path, message } of await kind.usersOf(scope.organisation, deleted)) {
      problems.add(path, message, 'in_use');
    }
    const unchanged = outcomes
      .filter(({ drafted }) => drafted === null)
      .flatMap(({ match: one }) => one.existing ?? []);
    // What is drafted has been told that the original is not there.
    const { embeds, called } = kind.kind;
    for (const { key, name } of [...kept, ...unchanged].filter((row) => references.losesOriginal(embeds, row))) {
      const originals = embeds.map((embedded) => kindNamed(embedded).called).join(' or ');
      const path = [kind.section, key, ...(kind.form.copiesPath === undefined ? [] : [kind.form.copiesPath])].join('.');
      problems.add(path, `${called} "${name}" refers to the ${originals}`, 'in_use');
    }
    const wanted = await wantedOf(kind, outcomes, scope);
    if (wanted.length === 0) return;
    const leaving = new Set(deleted.map(({ _id }) => _id.toString()));
    for (const { index, path, brief, error } of await kind.check(scope, wanted, leaving)) {
      problems.add(`${wanted[index]?.label ?? kind.section}.${path}`, brief, error.code, error.meta);
    }
  }
}

/** The rows that the document asks for. */
const wantedOf = async (
  kind: TransferKind,
  outcomes: readonly Outcome[],
  scope: ReadScope,
): Promise<readonly Wanted<ResourceRow>[]> => {
  const written = outcomes.flatMap(({ match: one, drafted }) =>
    drafted === null || one.path === '' ? [] : [{ one, drafted }],
  );
  const ids = written.flatMap(({ one: { existing } }) => existing?._id ?? []);
  const heads = await kind.heads(scope, ids);
  return written.map(({ one: { _id, path, content }, drafted }) => ({
    draft: drafted.draft,
    current: heads.get(_id.toString()) ?? null,
    content: content === null ? {} : drafted.content,
    hasSentId: true,
    label: path,
  }));
};

/** Stands for what is stored and has to be drafted again, though the document does not have it. */
const impliedMatch = (existing: Existing): Match => ({
  path: '',
  content: null,
  existing,
  _id: existing._id,
  key: existing.key,
});

/** Filters a long list, and gives everybody else a turn now and then. */
const filterInTurns = async <T>(list: readonly T[], keeps: (item: T) => Promise<boolean>): Promise<ReadonlySet<T>> => {
  const kept = new Set<T>();
  for await (const item of inTurns(list)) {
    if (await keeps(item)) kept.add(item);
  }
  return kept;
};

/** Whether the entry is what is stored, to the last value; then it was checked when it was stored. */
const isStored = async (kind: TransferKind, one: Match, { scope }: Run): Promise<boolean> => {
  if (one.content === null || one.existing === null) return false;
  const identity = { id: one._id.toString(), key: one.key };
  const content = kind.form.withIdentity(one.content, identity, scope.organisation);
  return (await digestOfValue(content)) === one.existing.digest;
};

const objectOf = (document: string): JsonObject => {
  const value = parseJson(document);
  return isJsonObject(value) ? value : {};
};

const changedIds = (outcomes: readonly Outcome[]): ReadonlySet<string> =>
  new Set(outcomes.filter(({ drafted }) => drafted !== null).map(({ match: one }) => one._id.toString()));

const actionOf = (existing: Existing | null, drafted: Drafted | null): Action => {
  if (existing === null) return 'create';
  return drafted === null ? 'unchanged' : 'update';
};

/** Lets the drafts that follow refer to this one. Whoever imports sees everything, so nobody asks whose it is going to be. */
const announce = (
  { name }: TransferKind,
  { _id, existing }: Match,
  { draft, outline }: Drafted,
  references: PlannedReferences,
): void => {
  references.willBe(name, { _id, key: outline.key, document: draft.document }, existing?.key ?? null);
};

/** Rows that hold what others are about to get, with what they hold: by hex id. */
const releasesOf = (leaving: readonly Existing[], outcomes: readonly Outcome[]): ReadonlyMap<string, Claims> => {
  const owners = new Map<string, string>();
  for (const { match: one, drafted } of outcomes) {
    for (const text of heldBy(drafted?.outline)) owners.set(text, one._id.toString());
  }
  const isWanted = (row: Existing) =>
    heldBy(row).some((text) => (owners.get(text) ?? row._id.toString()) !== row._id.toString());
  return new Map(
    leaving.filter(isWanted).map((row) => [row._id.toString(), { claims: row.claims, slug: row.slug }] as const),
  );
};

const heldBy = (held: Claims | undefined): string[] =>
  held === undefined
    ? []
    : [...held.claims.map((claim) => `claim ${claim}`), ...(held.slug === null ? [] : [`slug ${held.slug}`])];
