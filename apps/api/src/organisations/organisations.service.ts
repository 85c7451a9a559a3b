import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, NotFound } from '@castellan/dto';
import {
  allKinds,
  ApiStore,
  deleteOrder,
  isObjectIdText,
  newObjectId,
  OrganisationStore,
  toObjectId,
  toOrganisationId,
  type Draft,
  type OrganisationId,
  type OrganisationRow,
  type Place,
  type AnyKind,
  type UnitOfWork,
} from '@castellan/persistence';
import { isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import { pageCount } from '../http/paging';
import type { Precondition } from '../http/precondition';
import type { AdminContext } from '../http/request-context';
import { ResourceTools } from '../resources/resource-tools';
import type { OrganisationDto, OrganisationInput, OrganisationListDto } from './organisation.dto';
import { OrganisationSessions } from '../keys/organisation-sessions';
import { organisationSessionAfter } from './organisation-session';
import { settingsAfter } from './organisation-settings';

/** Fields that the organisation's row or the reply owns; what a client sends for them is not kept. */
const ownedFields = new Set(['id', '_id', 'apis', 'version', 'settings', 'org_session']);

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
    private readonly tools: ResourceTools,
    private readonly organisations: OrganisationStore,
    private readonly apis: ApiStore,
    private readonly sessions: OrganisationSessions,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  async list(
    place: Place,
  ): Promise<{ readonly list: OrganisationListDto; readonly total: number; readonly next: string | null }> {
    const { pageSize } = this.config;
    const { rows, total, next } = await this.organisations.pageOfAll({ sort: { name: 1, _id: 1 }, place, pageSize });
    const organisations = await Promise.all(rows.map((row) => this.present(row)));
    return { list: { organisations, pages: pageCount(total, place, pageSize) }, total, next };
  }

  /** @throws NotFound */
  async get(id: string): Promise<{ readonly version: number; readonly organisation: OrganisationDto }> {
    const row = await this.require(idOf(id));
    return { version: row.version, organisation: await this.present(row) };
  }

  async create(context: AdminContext, input: OrganisationInput): Promise<OrganisationRow> {
    const id = newObjectId();
    return this.withSession(
      this.tools.recorder.commit(context.in(toOrganisationId(id)), (unit) =>
        this.organisations.insert(unit, draftOf(id.toString(), input, null)),
      ),
    );
  }

  /** Creates the organisation under the id that it brings, or replaces the one that has it. */
  async import(context: AdminContext, input: OrganisationInput & { readonly id: string }): Promise<OrganisationRow> {
    const organisation = toOrganisationId(input.id);
    const written = this.tools.recorder.commit(context.in(organisation), async (unit) => {
      const { session } = unit;
      const current = await this.organisations.byId(organisation, session);
      const draft = draftOf(organisation, input, current);
      if (current !== null) return this.organisations.replace(unit, current, draft);
      // One that was deleted has a history, which goes on.
      const last = await this.tools.revisions.lastNumbers(organisation, 'organisation', [draft._id], session);
      return this.organisations.insert(unit, draft, { version: (last.get(organisation) ?? 0) + 1 });
    });
    return this.withSession(written);
  }

  /** @throws NotFound, VersionMismatch */
  async update(
    context: AdminContext,
    id: string,
    input: OrganisationInput,
    precondition: Precondition,
  ): Promise<OrganisationRow> {
    const organisation = idOf(id);
    const written = this.tools.recorder.commit(context.in(organisation), async (unit) => {
      const current = await this.require(organisation, unit);
      precondition.check(current.version);
      return this.organisations.replace(unit, current, draftOf(id, input, current));
    });
    return this.withSession(written);
  }

  /** Limits the organisation as a whole, or with null no more. @throws NotFound, VersionMismatch */
  async setSession(
    context: AdminContext,
    id: string,
    session: JsonObject | null,
    precondition: Precondition,
  ): Promise<OrganisationRow> {
    const organisation = idOf(id);
    const written = this.tools.recorder.commit(context.in(organisation), async (unit) => {
      const current = await this.require(organisation, unit);
      precondition.check(current.version);
      const stored = parseJson(current.document);
      const content = Object.entries(isJsonObject(stored) ? stored : {}).filter(([name]) => name !== 'org_session');
      const document = JSON.stringify({
        ...Object.fromEntries(content),
        ...(session === null ? {} : { org_session: session }),
      });
      return this.organisations.replace(unit, current, { ...current, document });
    });
    return this.withSession(written);
  }

  /** @throws NotFound */
  row(id: string): Promise<OrganisationRow> {
    return this.require(idOf(id));
  }

  /**
   * Deletes an organisation with its users. Configuration that nodes run goes only when that is asked for.
   *
   * @throws NotFound, VersionMismatch, Conflict while it holds configuration and `force` is not set
   */
  async remove(context: AdminContext, id: string, precondition: Precondition, force: boolean): Promise<void> {
    const organisation = idOf(id);
    await this.tools.recorder.commit(context.in(organisation), async (unit) => {
      const current = await this.require(organisation, unit);
      precondition.check(current.version);
      await this.removeEverything(unit, force);
      await this.organisations.remove(unit, current);
    });
    await this.sessions.removed(organisation);
    for (const afterwards of this.tools.afterRemoval) await afterwards(organisation);
  }

  /** What limits an organisation as a whole is in the nodes' Redis, too. */
  private async withSession(written: Promise<OrganisationRow>): Promise<OrganisationRow> {
    const row = await written;
    await this.sessions.changedTo(row);
    return row;
  }

  private async removeEverything(unit: UnitOfWork, force: boolean): Promise<void> {
    const { organisation } = unit;
    const kinds = allKinds().filter(({ name }) => this.tools.stores.has(name));
    if (!force) await this.refuseConfiguration(unit, kinds);
    for (const { name } of deleteOrder(kinds)) await this.tools.stores.get(name)?.removeAll(organisation, unit);
  }

  private async refuseConfiguration(unit: UnitOfWork, kinds: readonly AnyKind[]): Promise<void> {
    const held: Record<string, number> = {};
    for (const { name, documents, goesWithOrganisation } of kinds) {
      if (goesWithOrganisation) continue;
      held[documents?.section ?? name] = (await this.tools.stores.get(name)?.count(unit.organisation, unit)) ?? 0;
    }
    if (Object.values(held).every((count) => count === 0)) return;
    const counts = Object.entries(held).map(([kind, count]) => `${count} ${kind}`);
    throw new Conflict('organisation_not_empty', `The organisation still holds ${counts.join(', ')}`, { meta: held });
  }

  private async require(organisation: OrganisationId, unit?: UnitOfWork): Promise<OrganisationRow> {
    const row = await this.organisations.byId(organisation, unit?.session ?? null);
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

const draftOf = (id: string, input: OrganisationInput, current: OrganisationRow | null): Draft<OrganisationRow> => {
  const settings = settingsAfter(current, input.settings);
  const session = organisationSessionAfter(current, input.org_session);
  const content = Object.fromEntries(Object.entries(input).filter(([field]) => !ownedFields.has(field)));
  const { requireIfMatch, allowDuplicateSlugs, allowDuplicatePaths, allowUnknownApis, enableOwnership } =
    settings.lifted;
  return {
    _id: toObjectId(id),
    document: JSON.stringify({ ...content, settings: settings.document, ...session }),
    name: input.owner_name,
    slug: input.owner_slug ?? '',
    requireIfMatch,
    allowDuplicateSlugs,
    allowDuplicatePaths,
    allowUnknownApis,
    enableOwnership,
  };
};
