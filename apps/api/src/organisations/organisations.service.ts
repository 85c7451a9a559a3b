import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict } from '@castellan/dto';
import {
  ApiStore,
  type ApiRow,
  newObjectId,
  OrganisationStore,
  RemovalStore,
  toOrganisationId,
  type ChangeContext,
  type OrganisationId,
  type OrganisationRow,
  type Place,
  type UnitOfWork,
} from '@castellan/persistence';
import { isJsonObject, objectAt, parseJson, type JsonObject } from '@castellan/tyk';
import { pageCount } from '../http/paging';
import type { Precondition } from '../http/precondition';
import type { OperatorContext } from '../http/request-context';
import { without } from '../resources/fields';
import { ResourceTools } from '../resources/resource-tools';
import type { OrganisationDto, OrganisationInput, OrganisationListDto } from './organisation.dto';
import { OrganisationSessions } from '../keys/organisation-sessions';
import { explainingTakenSlug, organisationDraft } from './organisation-draft';
import { organisationIdOf, unknownOrganisation } from './organisation-id';

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
    private readonly removals: RemovalStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  async list(
    place: Place,
  ): Promise<{ readonly list: OrganisationListDto; readonly total: number; readonly next: string | null }> {
    const { pageSize } = this.config;
    const { rows, total, next } = await this.organisations.pageOfAll({ sort: { name: 1, _id: 1 }, place, pageSize });
    const organisations = await this.presentAll(rows);
    return { list: { organisations, pages: pageCount(total, place, pageSize) }, total, next };
  }

  /** @throws NotFound */
  async get(id: string): Promise<{ readonly version: number; readonly organisation: OrganisationDto }> {
    const row = await this.require(organisationIdOf(id));
    return { version: row.version, organisation: await this.present(row) };
  }

  /** @throws Conflict, with the id of the organisation that has the slug already */
  async create(context: OperatorContext, input: OrganisationInput): Promise<OrganisationRow> {
    const id = newObjectId();
    return this.write(context.in(toOrganisationId(id)), input, async (unit) =>
      this.organisations.insert(unit, await organisationDraft(id.toString(), input, null)),
    );
  }

  /** Creates the organisation under the id that it brings, or replaces the one that has it. */
  async import(context: OperatorContext, input: OrganisationInput & { readonly id: string }): Promise<OrganisationRow> {
    const organisation = toOrganisationId(input.id);
    return this.write(context.in(organisation), input, async (unit) => {
      const { session } = unit;
      if (await this.removals.underWay(organisation, session)) {
        throw new Conflict(
          'removal_running',
          'The organisation of this id is being deleted yet; try again in a moment',
        );
      }
      const current = await this.organisations.byId(organisation, session);
      const draft = await organisationDraft(organisation, input, current);
      if (current !== null) return this.organisations.replace(unit, current, draft);
      // One that was deleted has a history, which goes on.
      const last = await this.tools.revisions.lastNumbers(organisation, 'organisation', [draft._id], session);
      return this.organisations.insert(unit, draft, { version: (last.get(organisation) ?? 0) + 1 });
    });
  }

  /** @throws NotFound, VersionMismatch, Conflict for a slug that another organisation has */
  async update(
    context: OperatorContext,
    id: string,
    input: OrganisationInput,
    precondition: Precondition,
  ): Promise<OrganisationRow> {
    const organisation = organisationIdOf(id);
    return this.write(context.in(organisation), input, async (unit) => {
      const current = await this.require(organisation, unit);
      precondition.check(current.version);
      return this.organisations.replace(unit, current, await organisationDraft(id, input, current));
    });
  }

  /** Limits the organisation as a whole, or with null no more. @throws NotFound, VersionMismatch */
  async setSession(
    context: OperatorContext,
    id: string,
    session: JsonObject | null,
    precondition: Precondition,
  ): Promise<OrganisationRow> {
    const organisation = organisationIdOf(id);
    return this.write(context.in(organisation), {}, async (unit) => {
      const current = await this.require(organisation, unit);
      precondition.check(current.version);
      const rest = without(objectAt(parseJson(current.document)), 'org_session');
      const document = JSON.stringify({ ...rest, ...(session === null ? {} : { org_session: session }) });
      return this.organisations.replace(unit, current, { ...current, document });
    });
  }

  /** @throws NotFound */
  row(id: string): Promise<OrganisationRow> {
    return this.require(organisationIdOf(id));
  }

  /** What limits an organisation as a whole is in the nodes' Redis, too. @throws Conflict for a slug that another one has */
  private async write(
    context: ChangeContext,
    { owner_slug: slug }: Pick<OrganisationInput, 'owner_slug'>,
    work: (unit: UnitOfWork) => Promise<OrganisationRow>,
  ): Promise<OrganisationRow> {
    const row = await this.tools.commit(context, work, explainingTakenSlug(this.organisations, slug));
    await this.sessions.changedTo(row);
    return row;
  }

  private async require(organisation: OrganisationId, unit?: UnitOfWork): Promise<OrganisationRow> {
    const row = await this.organisations.byId(organisation, unit?.session ?? null);
    if (row === null) throw unknownOrganisation();
    return row;
  }

  private async present(row: OrganisationRow): Promise<OrganisationDto> {
    return presented(row, await this.apis.names(toOrganisationId(row._id)));
  }

  private async presentAll(rows: readonly OrganisationRow[]): Promise<OrganisationDto[]> {
    const names = await this.apis.namesOfAll(rows.map(({ _id }) => toOrganisationId(_id)));
    return rows.map((row) => presented(row, names.get(row._id.toString()) ?? []));
  }
}

const presented = (row: OrganisationRow, apis: readonly Pick<ApiRow, 'name' | 'apiId'>[]): OrganisationDto => {
  const stored = parseJson(row.document);
  return {
    id: row._id.toString(),
    ...defaults,
    ...(isJsonObject(stored) ? stored : {}),
    owner_name: row.name,
    apis: apis.map(({ name, apiId }) => ({ api_human_name: name, api_id: apiId })),
  };
};
