import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  isObjectIdText,
  isTheirs,
  KeyIndex,
  PolicyStore,
  toObjectId,
  type Draft,
  type DuplicateKey,
  type Head,
  type OrganisationId,
  type Span,
  type PolicyRow,
  type UnitOfWork,
} from '@castellan/persistence';
import { flagAt, objectAt, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import { pageCount, placeOf } from '../http/paging';
import type { SpanContext } from '../http/request-context';
import { definitionOf, storedWrapper } from '../apis/wrapper';
import type { Existing } from '../resources/document-form';
import type { Asker } from '../ownership/sights';
import { refuseUnfitId } from '../resources/ids';
import type { Referred, References } from '../resources/references';
import { ResourceService } from '../resources/resource.service';
import { ResourceTools } from '../resources/resource-tools';
import { rowIdObstacles } from '../resources/row-ids';
import type { ReadScope } from '../resources/read-scope';
import type { Drafting, Obstacle, Wanted } from '../resources/wanted';
import { accessRightsOf, checkPolicyAhead, composePolicy, parsePolicyBody, policyDraft } from './policy-content';
import { policyForm } from './policy-form';
import { LostValues } from './lost-values';
import { PolicyKeys } from './policy-keys';
import { unknownReferences } from './policy-references';
import { filterOf, foundIn, needsDocuments, sortOf, type PolicyPage } from './policy-search';
import type { PolicySearch } from './policy-query';

/** What stands where a policy's id would in paths. */
const routes = ['search', 'deleted', 'validate'];
/** Of what keeps a policy from being deleted, so many are named. */
const namedUsers = 20;

/** Policies of one organisation. */
@Injectable()
export class PoliciesService extends ResourceService<PolicyRow> {
  override readonly form = { ...policyForm, usersOf: this.usersOfAll.bind(this) };

  constructor(
    tools: ResourceTools,
    private readonly policies: PolicyStore,
    private readonly keys: PolicyKeys,
    private readonly index: KeyIndex,
    private readonly lost: LostValues,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(tools, policies, 'Could not retrieve portal object.');
  }

  /** All policies, or those that a search means. */
  async page(context: SpanContext, search: PolicySearch): Promise<PolicyPage> {
    const { pageSize } = this.config;
    const { organisation } = context;
    const place = placeOf(search);
    const sight = await this.tools.sights.of(context);
    const query = { filter: filterOf(search, sight), sort: sortOf(search), pageSize };
    if (needsDocuments(search)) {
      const all = await this.policies.page(organisation, { ...query, place: { page: null } });
      return foundIn(all.rows, search, place, pageSize);
    }
    const { rows, total, next } = await this.policies.page(organisation, { ...query, place });
    return { rows, pages: pageCount(total, place, pageSize), next };
  }

  /** By row id or by explicit id: tools know a policy by either. */
  override find(organisation: OrganisationId, id: string, session: ClientSession | null): Promise<PolicyRow | null> {
    return this.policies.byEitherId(organisation, id, session);
  }

  override headsNamed(span: Span, id: string): Promise<readonly Head<PolicyRow>[]> {
    const byRowId = isObjectIdText(id) ? [{ _id: toObjectId(id) }] : [];
    return this.policies.heads(span, { $or: [...byRowId, { policyId: id }] });
  }

  protected override async referred(
    { organisation, session }: ReadScope,
    ids: readonly string[],
  ): Promise<readonly PolicyRow[]> {
    if (ids.length === 0) return [];
    const rowIds = ids.filter(isObjectIdText).map(toObjectId);
    return this.policies.findAll(
      organisation,
      { $or: [{ policyId: { $in: [...ids] } }, { _id: { $in: rowIds } }] },
      session,
    );
  }

  override prepare(body: unknown): Promise<void> {
    return checkPolicyAhead(body);
  }

  parse(body: unknown): JsonObject {
    return parsePolicyBody(body);
  }

  async draft(
    scope: ReadScope,
    { content, id: _id, current, operation, references }: Drafting<PolicyRow>,
  ): Promise<Draft<PolicyRow>> {
    const { organisation, at } = scope;
    const requested = textAt(content, 'id');
    if (requested !== current?.policyId) refuseUnfitId(requested, 'id', routes);
    const before = current === null ? null : storedPolicy(current);
    const policy = composePolicy({ _id, organisation }, content, before, { at, bringsBack: operation === 'rollback' });
    // What is stored already is not refused for an API that went away since.
    if (policy !== before) await this.checkReferences(scope, references, policy);
    return policyDraft(_id, policy);
  }

  /** Scripts post policies with fixed ids, which keys and catalogues of theirs name. */
  protected override sentId(content: JsonObject): Types.ObjectId | null {
    const sent = textAt(content, '_id');
    return isObjectIdText(sent) ? toObjectId(sent) : null;
  }

  /** Requests and keys name policies by either id, so neither may be one that another policy answers to. */
  override async check(
    scope: ReadScope,
    wanted: readonly Wanted<PolicyRow>[],
    leaving: ReadonlySet<string>,
  ): Promise<readonly Obstacle[]> {
    const { organisation, session } = scope;
    const viewer = await scope.viewer();
    const rewritten = new Set([...leaving, ...wanted.map(({ draft }) => draft._id.toString())]);
    const foreign = await rowIdObstacles(this.policies, scope, wanted, '_id', () => idConflict(null));
    const asking = wanted.map(askedIds);
    const answering = await this.policies.answeringTo(organisation, [...new Set(asking.flat())], session);
    const holders = new Map(
      answering
        .filter(({ _id }) => !rewritten.has(_id.toString()))
        .flatMap((row) => [[row._id.toString(), row] as const, [row.policyId, row] as const]),
    );
    const explicit = asking.map((ids, index) => ids.filter((id) => id !== wanted[index]?.draft._id.toString()));
    const elsewhere = await this.policies.takenElsewhere(organisation, 'policyId', explicit.flat(), session);
    const taken = asking.flatMap((ids, index): Obstacle[] => {
      const holder = ids.map((id) => holders.get(id) ?? holders.get(id.toLowerCase())).find((row) => row !== undefined);
      if (holder !== undefined && viewer === null) {
        const brief = `is the id of ${holder.name} (${holder.policyId})`;
        return [{ index, path: '_id', brief, error: idConflict(holder) }];
      }
      const isTaken = holder !== undefined || explicit[index]?.some((id) => elsewhere.has(id)) === true;
      return isTaken ? [{ index, path: 'id', brief: 'is the id of another policy', error: idConflict(null) }] : [];
    });
    return [...foreign, ...taken];
  }

  /** Of another organisation's policy nothing is said but that there is one (promise 6). */
  protected async conflict({ values }: DuplicateKey, asker: Asker): Promise<Conflict> {
    const holder = await this.find(asker.organisation, String(values['policyId'] ?? values['_id']), null);
    const sight = await this.tools.sights.of(asker);
    return idConflict(holder !== null && sight?.seesPolicy(holder) === false ? null : holder);
  }

  protected override users({ organisation }: UnitOfWork, policy: PolicyRow): Promise<readonly FieldError[]> {
    return this.usersOf(organisation, [policy]);
  }

  /**
   * Nodes write into sessions what a policy says. Of tags and meta data they leave there what it says no more, and up to 5.2 that it
   * was inactive.
   */
  protected override async followUp(
    unit: UnitOfWork,
    before: PolicyRow | null,
    after: PolicyRow | null,
  ): Promise<void> {
    if (before !== null) await this.lost.note(unit, before, after);
    if (before === null || after === null) return;
    const [was, is] = [before, after].map((row) => flagAt(storedPolicy(row), 'is_inactive'));
    if (was === is) return;
    const ids = [...new Set([before.policyId, after.policyId, after._id.toString()])];
    if (is === true) return this.index.keepInactive(unit.organisation, ids, unit.session);
    unit.leave({ job: 'policy.activated', about: [after._id.toString()], text: '' });
  }

  /** Keys that apply any of the policies, found by one search: whoever deletes many asks once. */
  async usersOf(
    organisation: OrganisationId,
    policies: readonly Pick<PolicyRow, '_id' | 'policyId'>[],
  ): Promise<readonly FieldError[]> {
    if (policies.length === 0) return [];
    const { keys, complete } = await this.keys.needing(organisation, policies, namedUsers);
    const users = keys.map(({ key, alias, policyIds }) => {
      const who = alias === '' ? 'A key' : `The key "${alias}"`;
      const which = policies.length === 1 ? '' : ` ${policyIds.join(', ')}`;
      return { path: `keys.${key}`, message: `${who} applies the policy${which}` };
    });
    if (complete) return users;
    return [...users, { path: 'keys', message: 'There are more keys than could be looked at' }];
  }

  private usersOfAll(organisation: OrganisationId, deleted: readonly Existing[]): Promise<readonly FieldError[]> {
    return this.usersOf(
      organisation,
      deleted.map(({ _id, key }) => ({ _id, policyId: key })),
    );
  }

  /** @throws ValidationFailed for each API or version that does not exist */
  private async checkReferences(scope: ReadScope, references: References, policy: JsonObject): Promise<void> {
    const viewer = await scope.viewer();
    const { allowUnknownApis } = await scope.rules();
    if (allowUnknownApis && viewer === null) return;
    const rows = await references.named('api', Object.keys(accessRightsOf(policy)));
    const theirs = viewer === null ? rows : rows.filter((row) => isTheirs(viewer, row));
    const definitions = new Map(theirs.map((row) => [row.key, definitionOf(storedWrapper(row))]));
    // Where APIs need not exist, those that do and are not theirs still open to nobody.
    const named = allowUnknownApis
      ? only(
          policy,
          rows.filter((row) => !theirs.includes(row)),
        )
      : policy;
    const problems = unknownReferences(named, definitions);
    if (problems.length > 0) throw new ValidationFailed(problems);
  }
}

/** A policy with its rights to these APIs alone. */
const only = (policy: JsonObject, apis: readonly Pick<Referred, 'key'>[]): JsonObject => {
  const ids = new Set(apis.map(({ key }) => key));
  const rights = Object.entries(accessRightsOf(policy)).filter(([apiId]) => ids.has(apiId));
  return { ...policy, access_rights: Object.fromEntries(rights) };
};

/** The ids of its own that a policy asks for and does not have yet; one that was made here is nobody's. */
const askedIds = ({ draft, current, hasSentId }: Wanted<PolicyRow>): string[] => {
  if (draft.policyId === current?.policyId) return [];
  const rowId = draft._id.toString();
  const isSent = current !== null || hasSentId || draft.policyId !== rowId;
  return isSent ? [...new Set([rowId, draft.policyId])] : [];
};

const idConflict = (holder: Pick<PolicyRow, '_id' | 'name'> | null): Conflict => {
  const meta = holder === null ? null : { id: holder._id.toString(), name: holder.name };
  return new Conflict('id_conflict', 'Found policy with the same ID', { meta });
};

const storedPolicy = ({ document }: PolicyRow): JsonObject => objectAt(parseJson(document));
