import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  isObjectIdText,
  PolicyStore,
  RevisionStore,
  toObjectId,
  type Draft,
  type DuplicateKey,
  type OrganisationId,
  type PolicyRow,
} from '@castellan/persistence';
import { objectAt, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import { pageCount, placeOf } from '../http/paging';
import type { OrganisationContext } from '../http/request-context';
import { definitionOf, storedWrapper } from '../apis/wrapper';
import { ResourceService } from '../resources/resource.service';
import type { ResourceTransaction } from '../resources/resource-transaction';
import { ResourceWriter } from '../resources/resource-writer';
import { accessRightsOf, composePolicy, parsePolicyBody, policyDraft } from './policy-content';
import { PolicyKeys } from './policy-keys';
import { unknownReferences } from './policy-references';
import { filterOf, foundIn, needsDocuments, sortOf, type PolicyPage } from './policy-search';
import type { PolicySearch } from './policy-query';

/** Of what keeps a policy from being deleted, so many are named. */
const namedUsers = 20;

/** Policies of one organisation. */
@Injectable()
export class PoliciesService extends ResourceService<PolicyRow> {
  constructor(
    writer: ResourceWriter,
    private readonly policies: PolicyStore,
    private readonly keys: PolicyKeys,
    revisions: RevisionStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(writer, policies, revisions, 'Could not retrieve portal object.');
  }

  /** All policies, or those that a search means. */
  async page({ organisation }: OrganisationContext, search: PolicySearch): Promise<PolicyPage> {
    const { pageSize } = this.config;
    const place = placeOf(search);
    const query = { filter: filterOf(search), sort: sortOf(search), pageSize };
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

  parse(body: unknown): JsonObject {
    return parsePolicyBody(body);
  }

  async draft(
    transaction: ResourceTransaction,
    content: JsonObject,
    _id: Types.ObjectId,
    current: PolicyRow | null,
  ): Promise<Draft<PolicyRow>> {
    const { organisation, changes } = transaction;
    const before = current === null ? null : storedPolicy(current);
    const writing = { at: changes.at, bringsBack: changes.operationName === 'rollback' };
    const policy = composePolicy({ _id, organisation }, content, before, writing);
    // What is stored already is not refused for an API that went away since.
    if (policy !== before) await this.checkReferences(transaction, policy);
    return policyDraft(_id, policy);
  }

  /** Scripts post policies with fixed ids, which keys and catalogues of theirs name. */
  protected override sentId(content: JsonObject): Types.ObjectId | null {
    const sent = textAt(content, '_id');
    return isObjectIdText(sent) ? toObjectId(sent) : null;
  }

  /** Requests and keys name policies by either id, so neither may be one that another policy answers to. */
  protected override async guard(
    { organisation, session }: ResourceTransaction,
    draft: Draft<PolicyRow>,
    current: PolicyRow | null,
  ): Promise<void> {
    if (draft.policyId === current?.policyId) return;
    const holder = await this.policies.namesake(organisation, draft, session);
    if (holder !== null) throw idConflict(holder);
  }

  /** Of another organisation's policy nothing is said but that there is one (promise 6). */
  protected async conflict({ values }: DuplicateKey, organisation: OrganisationId): Promise<Conflict> {
    return idConflict(await this.find(organisation, String(values['policyId'] ?? values['_id']), null));
  }

  protected override users({ organisation }: ResourceTransaction, policy: PolicyRow): Promise<readonly FieldError[]> {
    return this.usersOf(organisation, [policy]);
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

  /** @throws ValidationFailed for each API or version that does not exist */
  private async checkReferences({ references, rules }: ResourceTransaction, policy: JsonObject): Promise<void> {
    if (rules.allowUnknownApis) return;
    const rows = await references.apis(Object.keys(accessRightsOf(policy)));
    const definitions = new Map(rows.map((row) => [row.apiId, definitionOf(storedWrapper(row))]));
    const problems = unknownReferences(policy, definitions);
    if (problems.length > 0) throw new ValidationFailed(problems);
  }
}

const idConflict = (holder: PolicyRow | null): Conflict => {
  const meta = holder === null ? null : { id: holder._id.toString(), name: holder.name };
  return new Conflict('id_conflict', 'Found policy with the same ID', { meta });
};

const storedPolicy = ({ document }: PolicyRow): JsonObject => objectAt(parseJson(document));
