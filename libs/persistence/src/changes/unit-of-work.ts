import type { ClientSession, Types } from 'mongoose';
import { CastellanError, ValidationFailed } from '@castellan/dto';
import { noOrganisation, type OrganisationId } from '../ids';
import { choreRow, lookAfterwards, type Chore, type ChoreRow } from '../keys/chores';
import { kindNamed } from '../kinds/kind';
import { organisationKind, type OrganisationRow } from '../kinds/organisation.kind';
import { isSameItem } from '@castellan/tyk';
import type { Viewer } from '../resources/owned';
import type { ResourceRow } from '../resources/resource-row';
import type { ChangeContext } from './change-context';
import type { DocumentWork } from './document-work';
import type { Effect } from './effects';
import type { Actor, Operation } from './rows';

/** What happened to one resource. */
export interface Change {
  /** The name of its kind. */
  readonly kind: string;
  readonly id: Types.ObjectId;
  readonly operation: Operation;
  /** The version after the change; a deletion takes one too. */
  readonly version: number;
  readonly before: string | null;
  readonly after: string | null;
  /** Digest of the state after, or of the last state on a deletion. */
  readonly digest: string;
  /** The id of its own by which the resource is named, beside its database id; null when it has none. */
  readonly key: string | null;
  /** What nodes are told of it; empty when every node is served the same bytes as before. */
  readonly effects: readonly Effect[];
  /** The row that stood there before, for those who may have to put it back; null when there was none. */
  readonly replaced: ResourceRow | null;
}

/** A change as it is recorded; what it means for nodes follows from the rows. */
export interface RecordedChange extends Omit<Change, 'effects' | 'key'> {
  /** The row that stands there now; null when there is none. */
  readonly written: ResourceRow | null;
}

/** How many resources of a kind the organisation may have. */
export interface Limit {
  readonly most: number;
  /** Refuses the unit when it would leave more. */
  readonly refuse: () => Error;
}

/** Whatever a caller demands of the version that it is about to change. */
export interface Demand {
  /** @param insists whether the organisation wants every caller to demand something @throws CastellanError */
  check(version: number, insists?: boolean): void;
}

/** There is none, or it was deleted meanwhile. Its users went with it, and hear 401 from now on; others are still there. */
export class OrganisationGone extends ValidationFailed {
  constructor() {
    super([{ path: 'org_id', message: 'no such organisation' }]);
  }
}

/**
 * One change of an organisation's configuration: everything that is read, checked, written and recorded of it happens in one
 * transaction, and nothing of it is left when any part fails. Only {@link ChangeRecorder} makes one.
 */
export class UnitOfWork {
  private readonly recorded: Change[] = [];
  private readonly caused: Effect[] = [];
  private readonly limited = new Map<string, Limit>();
  private readonly leaving: ChoreRow[] = [];
  private loadedRules: OrganisationRow | null = null;

  constructor(
    readonly session: ClientSession,
    readonly context: ChangeContext,
    readonly at: Date,
    private readonly loadRules: () => Promise<OrganisationRow | null>,
    readonly documents: DocumentWork,
  ) {}

  get organisation(): OrganisationId {
    return this.context.organisation;
  }

  get actor(): Actor {
    return this.context.actor;
  }

  get changes(): readonly Change[] {
    return this.recorded;
  }

  get effects(): readonly Effect[] {
    return [...this.recorded.flatMap(({ effects }) => effects), ...this.caused];
  }

  /** What was caused beside what follows from changes. */
  get ownEffects(): readonly Effect[] {
    return this.caused;
  }

  /** What is to be done in the nodes' Redis once this is committed. */
  get left(): readonly ChoreRow[] {
    return this.leaving;
  }

  /** Whether some node is served other bytes than before. */
  get movesGeneration(): boolean {
    return this.recorded.some(({ effects }) => effects.length > 0);
  }

  get limits(): ReadonlyMap<string, Limit> {
    return this.limited;
  }

  /** The organisation's own rules, as they stand here. @throws OrganisationGone */
  async rules(): Promise<OrganisationRow> {
    this.loadedRules ??= await this.loadRules();
    if (this.loadedRules === null) throw new OrganisationGone();
    return this.loadedRules;
  }

  /** Who is held to what is theirs, in an organisation that turned that on; null when everything may be seen. */
  async viewer(): Promise<Viewer | null> {
    const { viewer } = this.context;
    return viewer !== undefined && (await this.rules()).enableOwnership ? viewer : null;
  }

  /** Refuses unless there is such a row, of a version that the caller meant. @throws the error for a missing row, CastellanError */
  async require<Row extends ResourceRow>(row: Row | null, missing: () => Error, demand: Demand): Promise<Row> {
    const { requireIfMatch } = await this.rules();
    if (row === null) throw missing();
    demand.check(row.version, requireIfMatch);
    return row;
  }

  /** Notes a change, so that revision, audit record and feed have it, and nodes what follows from it for them. */
  async record({ written, ...change }: RecordedChange): Promise<void> {
    const { served, keyOf } = kindNamed(change.kind);
    const itemOf = async (row: ResourceRow | null) =>
      row === null ? null : this.documents.served(change.kind, row.document);
    // No node is served what belongs to no organisation.
    const isServed = served !== null && this.organisation !== noOrganisation;
    const isSeen = isServed && !isSameItem(await itemOf(change.replaced), await itemOf(written));
    const effects = isSeen ? [{ command: served.commands[basicOf(change)], payload: '' }] : [];
    const row = written ?? change.replaced;
    this.recorded.push({ ...change, key: row === null ? null : keyOf(row), effects });
  }

  /** Tells nodes something that does not follow from what they are served, in the order of the calls. */
  effect(command: string, payload = ''): void {
    this.caused.push({ command, payload });
  }

  /** Leaves something to be done in the nodes' Redis; it takes the place of what an earlier change left about the same. */
  leave(chore: Chore): void {
    const look = lookAfterwards(chore);
    if (look !== null) this.leave(look);
    const row = choreRow(this.organisation, chore, this.at);
    const earlier = this.leaving.findIndex(({ _id }) => _id === row._id);
    this.leaving.splice(earlier === -1 ? this.leaving.length : earlier, 1, row);
  }

  /** Lets the organisation have no more resources of a kind than so many when this is committed. */
  limit(kind: string, limit: Limit): void {
    const { most = Infinity } = this.limited.get(kind) ?? {};
    if (limit.most < most) this.limited.set(kind, limit);
  }

  /** Holds what becomes more against the organisation's own quotas. */
  async limitByQuotas(): Promise<void> {
    const growing = [...this.growth].filter(([kind, step]) => step > 0 && kind !== organisationKind.name);
    if (growing.length === 0) return;
    this.loadedRules ??= await this.loadRules();
    const quotas = this.loadedRules?.quotas ?? {};
    for (const [kind] of growing) {
      const most = Object.hasOwn(quotas, kind) ? quotas[kind] : undefined;
      if (most === undefined) continue;
      const said = `The organisation may have ${most} of the kind ${kind}, and no more`;
      this.limit(kind, { most, refuse: () => new CastellanError(400, 'limit_reached', said) });
    }
  }

  /** By how many the resources of each kind become more or fewer. */
  get growth(): ReadonlyMap<string, number> {
    const growth = new Map<string, number>();
    for (const { kind, before, after } of this.recorded) {
      const step = Number(before === null) - Number(after === null);
      if (step !== 0) growth.set(kind, (growth.get(kind) ?? 0) + step);
    }
    return growth;
  }
}

/** Whether something came, went or changed, however it was called. */
const basicOf = ({ before, after }: Pick<Change, 'before' | 'after'>): 'create' | 'update' | 'delete' => {
  if (before === null) return 'create';
  return after === null ? 'delete' : 'update';
};
