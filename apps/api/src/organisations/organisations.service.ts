import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, NotFound } from '@castellan/dto';
import {
  ApiStore,
  ChangeRecorder,
  isObjectIdText,
  newObjectId,
  OrganisationStore,
  PolicyStore,
  RevisionStore,
  toObjectId,
  toOrganisationId,
  UserStore,
  WebhookStore,
  type ChangeTransaction,
  type Draft,
  type OrganisationId,
  type OrganisationRow,
  type Place,
} from '@castellan/persistence';
import { isJsonObject, parseJson } from '@castellan/tyk';
import { pageCount } from '../http/paging';
import type { Precondition } from '../http/precondition';
import type { AdminContext } from '../http/request-context';
import type { OrganisationDto, OrganisationInput, OrganisationListDto } from './organisation.dto';

/** Fields that the organisation's row or the reply owns; what a client sends for them is not kept. */
const ownedFields = new Set(['id', '_id', 'apis', 'version']);

/** What clients find in an organisation that never set it (docs/tyk/management.md#organisations). */
const defaults = {
  owner_slug: '',
  cname: '',
  cname_enabled: false,
  developer_quota: 0,
  developer_count: 0,
  event_options: {},
  hybrid_enabled: false,
  ui: {},
  org_options_meta: {},
  open_policy: { rules: '', enabled: false },
  additional_permissions: {},
};

@Injectable()
export class OrganisationsService {
  constructor(
    private readonly changes: ChangeRecorder,
    private readonly organisations: OrganisationStore,
    private readonly users: UserStore,
    private readonly apis: ApiStore,
    private readonly policies: PolicyStore,
    private readonly webhooks: WebhookStore,
    private readonly revisions: RevisionStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  async list(place: Place): Promise<{ readonly list: OrganisationListDto; readonly next: string | null }> {
    const { pageSize } = this.config;
    const { rows, total, next } = await this.organisations.pageOfAll({ sort: { name: 1, _id: 1 }, place, pageSize });
    const organisations = await Promise.all(rows.map((row) => this.present(row)));
    return { list: { organisations, pages: pageCount(total, place, pageSize) }, next };
  }

  /** @throws NotFound */
  async get(id: string): Promise<{ readonly version: number; readonly organisation: OrganisationDto }> {
    const row = await this.require(idOf(id));
    return { version: row.version, organisation: await this.present(row) };
  }

  async create(context: AdminContext, input: OrganisationInput): Promise<OrganisationRow> {
    const id = newObjectId();
    return this.changes.commit(context.in(toOrganisationId(id)), (transaction) =>
      this.organisations.insert(transaction, draftOf(id.toString(), input)),
    );
  }

  /** Creates the organisation under the id that it brings, or replaces the one that has it. */
  async import(context: AdminContext, input: OrganisationInput & { readonly id: string }): Promise<OrganisationRow> {
    const organisation = toOrganisationId(input.id);
    return this.changes.commit(context.in(organisation), async (transaction) => {
      const { session } = transaction;
      const draft = draftOf(organisation, input);
      const current = await this.organisations.byId(organisation, session);
      if (current !== null) return this.organisations.replace(transaction, current, draft);
      // One that was deleted has a history, which goes on.
      const last = await this.revisions.lastNumbers(organisation, 'organisation', [draft._id], session);
      return this.organisations.insert(transaction, draft, (last.get(organisation) ?? 0) + 1);
    });
  }

  /** @throws NotFound, VersionMismatch */
  async update(
    context: AdminContext,
    id: string,
    input: OrganisationInput,
    precondition: Precondition,
  ): Promise<OrganisationRow> {
    const organisation = idOf(id);
    return this.changes.commit(context.in(organisation), async (transaction) => {
      const current = await this.require(organisation, transaction);
      precondition.check(current.version);
      return this.organisations.replace(transaction, current, draftOf(id, input));
    });
  }

  /**
   * Deletes an organisation with its users. Configuration that nodes run goes only when that is asked for.
   *
   * @throws NotFound, VersionMismatch, Conflict while it holds configuration and `force` is not set
   */
  async remove(context: AdminContext, id: string, precondition: Precondition, force: boolean): Promise<void> {
    const organisation = idOf(id);
    await this.changes.commit(context.in(organisation), async (transaction) => {
      const current = await this.require(organisation, transaction);
      precondition.check(current.version);
      await this.removeConfiguration(transaction, organisation, force);
      for (const user of await this.users.findAll(organisation, {}, transaction.session)) {
        await this.users.remove(transaction, user);
      }
      await this.organisations.remove(transaction, current);
    });
  }

  private async removeConfiguration(
    transaction: ChangeTransaction,
    organisation: OrganisationId,
    force: boolean,
  ): Promise<void> {
    const { session } = transaction;
    const apis = await this.apis.findAll(organisation, {}, session);
    const policies = await this.policies.findAll(organisation, {}, session);
    const webhooks = await this.webhooks.findAll(organisation, {}, session);
    const held = { apis: apis.length, policies: policies.length, hooks: webhooks.length };
    if (!force && Object.values(held).some((count) => count > 0)) {
      const counts = Object.entries(held).map(([kind, count]) => `${count} ${kind}`);
      throw new Conflict('organisation_not_empty', `The organisation still holds ${counts.join(', ')}`, { meta: held });
    }
    for (const row of policies) await this.policies.remove(transaction, row);
    for (const row of apis) await this.apis.remove(transaction, row);
    for (const row of webhooks) await this.webhooks.remove(transaction, row);
  }

  private async require(organisation: OrganisationId, transaction?: ChangeTransaction): Promise<OrganisationRow> {
    const row = await this.organisations.byId(organisation, transaction?.session ?? null);
    if (row === null) throw notFound();
    return row;
  }

  private async present(row: OrganisationRow): Promise<OrganisationDto> {
    const apis = await this.apis.names(toOrganisationId(row._id));
    const stored = parseJson(row.document);
    return {
      id: row._id.toString(),
      ...defaults,
      ...(isJsonObject(stored) ? stored : {}),
      owner_name: row.name,
      apis: apis.map(({ name, apiId }) => ({ api_human_name: name, api_id: apiId })),
    };
  }
}

const notFound = (): NotFound => new NotFound('Could not retrieve org detail');

const idOf = (id: string): OrganisationId => {
  if (!isObjectIdText(id)) throw notFound();
  return toOrganisationId(id);
};

const draftOf = (id: string, input: OrganisationInput): Draft<OrganisationRow> => {
  const content = Object.fromEntries(Object.entries(input).filter(([field]) => !ownedFields.has(field)));
  return {
    _id: toObjectId(id),
    document: JSON.stringify(content),
    name: input.owner_name,
    slug: input.owner_slug ?? '',
    requireIfMatch: input.settings?.require_if_match ?? false,
    allowDuplicateSlugs: input.settings?.allow_duplicate_slugs ?? false,
    allowDuplicatePaths: input.settings?.allow_duplicate_listen_paths ?? false,
    allowUnknownApis: input.settings?.allow_unknown_apis_in_policies ?? false,
  };
};
