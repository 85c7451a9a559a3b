import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, Conflict, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  ApiStore,
  CertificateStore,
  KeyIndex,
  isObjectIdText,
  isTheirs,
  noOrganisation,
  OAuthClientStore,
  toObjectId,
  toOrganisationId,
  WebhookStore,
  type ApiRow,
  type Change,
  type ChangeContext,
  type Draft,
  type DuplicateKey,
  type Head,
  type OrganisationId,
  type Span,
  type OrganisationRow,
  type UnitOfWork,
} from '@castellan/persistence';
import { flagAt, objectAt, parseJson, type JsonObject } from '@castellan/tyk';
import type { Precondition } from '../http/precondition';
import type { Asker } from '../ownership/sights';
import { ResourceService } from '../resources/resource.service';
import { ResourceTools } from '../resources/resource-tools';
import type { ReadScope } from '../resources/read-scope';
import type { Drafting, Obstacle, Wanted } from '../resources/wanted';
import { refuseUnfitId } from '../resources/ids';
import {
  apiIdPath,
  composeWrapper,
  draftOf,
  parseApiBody,
  prepareApiBody,
  refuseSenseless,
  requestedApiId,
  type ApiIdentity,
} from './api-content';
import { apiForm } from './api-form';
import { ApiRules, describeConflict } from './api-rules';
import { addressNotes } from './address-notes';
import { lostVersions, mostCounted, versionNotes } from './version-notes';
import { authorityNotes, requireCertificates } from './certificate-references';
import { withHooks } from './hook-references';
import { versionIdsOf, withoutVersionOf, withVersion, withVersionRenamed, type VersionLink } from './versions';
import { definitionOf, storedWrapper } from './wrapper';

/** What stands where an `api_id` would in paths. */
const routes = [
  ...['search', 'deleted', 'categories', 'groups', 'keys', 'validate', 'migrate', 'urls'],
  ...['oas', 'oauth', 'streams', 'mcps', 'import', 'dry-run'],
];

/** API definitions of one organisation, classic ones and OAS APIs alike. */
@Injectable()
export class ApisService extends ResourceService<ApiRow> {
  override readonly form = apiForm;
  private readonly rules: ApiRules;
  /** Rows in whose place others were written just now. */
  private readonly replaced = new WeakMap<ApiRow, ApiRow>();

  constructor(
    tools: ResourceTools,
    private readonly apis: ApiStore,
    private readonly webhooks: WebhookStore,
    private readonly certificates: CertificateStore,
    private readonly clients: OAuthClientStore,
    private readonly keys: KeyIndex,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(tools, apis, 'API not found');
    this.rules = new ApiRules(apis);
  }

  override find(organisation: OrganisationId, id: string, session: ClientSession | null): Promise<ApiRow | null> {
    return this.apis.byEitherId(organisation, id, session);
  }

  override headsNamed(span: Span, id: string): Promise<readonly Head<ApiRow>[]> {
    const byRowId = isObjectIdText(id) ? [{ _id: toObjectId(id) }] : [];
    return this.apis.heads(span, { $or: [...byRowId, { apiId: id }] });
  }

  /** Others name APIs by `api_id` alone. */
  protected override async referred(
    { organisation, session }: ReadScope,
    ids: readonly string[],
  ): Promise<readonly ApiRow[]> {
    return ids.length === 0 ? [] : this.apis.findAll(organisation, { apiId: { $in: [...ids] } }, session);
  }

  parse(body: unknown): JsonObject {
    return parseApiBody(body);
  }

  override prepare(body: unknown): Promise<void> {
    return prepareApiBody(body);
  }

  /**
   * Creates an API, as a version of another one if the request says so; the base then lists it, in the same transaction
   * and with a revision of its own.
   *
   * @throws ValidationFailed, Conflict
   */
  override async create(context: ChangeContext, body: unknown, link: VersionLink | null = null): Promise<ApiRow> {
    if (link === null) return super.create(context, body);
    const content = await this.parsed(body);
    return this.commit(context, (unit) => this.insertVersionIn(unit, content, link));
  }

  /** Everything that the creation of a version would check, and nothing written. @throws ValidationFailed, Conflict */
  async dryRunVersion(context: ChangeContext, body: unknown, link: VersionLink): Promise<readonly Change[]> {
    const content = await this.parsed(body);
    return (await this.dryRunOf(context, (unit) => this.insertVersionIn(unit, content, link))).changes;
  }

  /**
   * @param demand refuses APIs that may not be written this way, and says in its own words that there is none
   * @throws NotFound, ValidationFailed, Conflict, VersionMismatch
   */
  override async update(
    context: ChangeContext,
    id: string,
    body: unknown,
    precondition: Precondition,
    demand?: (row: ApiRow | null) => void,
  ): Promise<ApiRow> {
    const content = await this.parsed(body);
    return this.change(context, id, precondition, () => content, demand);
  }

  /**
   * Gives an API that belongs to no organisation yet to one, whose rules, quotas and conflicts then hold, and whose nodes get it.
   *
   * @returns null when there is no such API; one that has an organisation stays there
   * @throws ValidationFailed, Conflict, VersionMismatch
   */
  async adopt(context: ChangeContext, id: string, body: unknown, precondition: Precondition): Promise<ApiRow | null> {
    if (context.organisation === noOrganisation || (await this.find(noOrganisation, id, null)) === null) return null;
    const content = await this.parsed(body);
    const contexts = { from: { ...context, organisation: noOrganisation }, to: context };
    const pass = async ({ from, to }: { readonly from: UnitOfWork; readonly to: UnitOfWork }): Promise<ApiRow> => {
      const found = await this.find(noOrganisation, id, to.session);
      const current = await to.require(found, () => this.notFound(), precondition);
      await this.apis.remove(from, current);
      const wanted = adopted(current, content);
      await this.tools.owners.requireKnown(to.organisation, wanted, () => null);
      const version = current.version + 2;
      return this.insertIn(to, wanted, current._id, { operation: 'create', version, hasSentId: true });
    };
    return this.tools.commitPassing(contexts, pass, (error) => this.explain(error, context));
  }

  /**
   * Changes a stored wrapper.
   *
   * @param edit makes the new wrapper of the stored one
   * @param demand as of {@link update}
   * @throws NotFound, ValidationFailed, Conflict, VersionMismatch
   */
  async change(
    context: ChangeContext,
    id: string,
    precondition: Precondition,
    edit: (wrapper: JsonObject) => JsonObject | Promise<JsonObject>,
    demand?: (row: ApiRow | null) => void,
  ): Promise<ApiRow> {
    return this.commit(context, async (unit) => {
      const row = await this.find(unit.organisation, id, unit.session);
      demand?.(row);
      const current = await unit.require(row, () => this.notFound(), precondition);
      return this.replaceIn(unit, current, await edit(storedWrapper(current)));
    });
  }

  /** Removes an API together with all that are versions of it. @throws NotFound, VersionMismatch */
  async removeWithVersions(context: ChangeContext, id: string, precondition: Precondition): Promise<void> {
    await this.commit(context, async (unit) => {
      const base = await this.requireIn(unit, id, precondition);
      const viewer = await unit.viewer();
      await this.removeIn(unit, base, { force: false });
      for (const versionId of versionIdsOf(definitionOf(storedWrapper(base)))) {
        const version = await this.apis.findOne(unit.organisation, { apiId: versionId }, unit.session);
        if (version !== null && viewer !== null && !isTheirs(viewer, version)) {
          throw new Conflict('in_use', 'One of its versions is not yours');
        }
        if (version !== null) await this.removeIn(unit, version, { force: false });
      }
    });
  }

  async draft(
    scope: ReadScope,
    { content, id, current, operation, references }: Drafting<ApiRow>,
  ): Promise<Draft<ApiRow>> {
    const requested = requestedApiId(content);
    if (requested !== current?.apiId) refuseUnfitId(requested, apiIdPath(content), routes);
    const identity: ApiIdentity = {
      _id: id,
      organisation: scope.organisation === noOrganisation ? '' : scope.organisation,
      apiId: requested || (current?.apiId ?? newApiId()),
    };
    // What an earlier revision did not have must not stay.
    const isWhole = current === null || operation === 'rollback';
    const composed = await composeWrapper(identity, content, isWhole ? undefined : storedWrapper(current));
    const wrapper = await withHooks(composed, current?.hookIds ?? [], references);
    await refuseSenseless(wrapper);
    await requireCertificates(
      definitionOf(wrapper),
      current === null ? null : definitionOf(storedWrapper(current)),
      (ids) => this.certificates.named(scope.organisation, ids, scope.session),
      this.config.certificateSecret,
    );
    const draft = draftOf(identity, wrapper, slugRules(await scope.rules(), this.config));
    return scope.organisation === noOrganisation ? claimingNothing(draft) : draft;
  }

  /** What the caller should know of an API as it stands now, beside that it is stored. */
  async notesOf(row: ApiRow): Promise<readonly FieldError[]> {
    const organisation = toOrganisationId(row.orgId);
    const find = (ids: readonly string[]) => this.certificates.named(organisation, ids, null);
    return [
      ...addressNotes(row),
      ...(await this.versionNotesOf(row)),
      ...(await authorityNotes(definitionOf(storedWrapper(row)), find)),
    ];
  }

  private async versionNotesOf(row: ApiRow): Promise<readonly FieldError[]> {
    const before = this.replaced.get(row);
    const lost = before === undefined ? [] : lostVersions(before, row);
    if (lost.length === 0) return [];
    const filter = { apiId: row.apiId };
    return versionNotes(lost, await this.keys.countUpTo(toOrganisationId(row.orgId), filter, mostCounted + 1));
  }

  override check(
    scope: ReadScope,
    wanted: readonly Wanted<ApiRow>[],
    leaving: ReadonlySet<string>,
  ): Promise<readonly Obstacle[]> {
    return this.rules.check(scope, wanted, leaving);
  }

  override limit(unit: UnitOfWork): void {
    const { definitionsLimit: most } = this.config;
    const said = `An organisation may hold ${most} API definitions`;
    unit.limit('api', { most, refuse: () => new CastellanError(400, 'limit_reached', said) });
  }

  /**
   * A base that lists the API follows it: to a new `api_id`, and when it goes. Web hooks whose copies the API carries
   * are held, so that none of them changes unseen in this instant (decision 12).
   */
  protected override async followUp(unit: UnitOfWork, before: ApiRow | null, after: ApiRow | null): Promise<void> {
    await this.webhooks.hold(unit.organisation, after?.hookIds ?? [], unit.session);
    if (before !== null && after !== null) this.replaced.set(after, before);
    if (before === null || before.apiId === after?.apiId) return;
    // Gateways keep clients under the `api_id`, and another API may get it.
    if (hasClients(before)) await this.clients.removeOfApi(unit, before.apiId);
    for (const base of await this.apis.basesOf(unit.organisation, before.apiId, unit.session)) {
      const wrapper = storedWrapper(base);
      const edited =
        after === null
          ? withoutVersionOf(wrapper, before.apiId)
          : withVersionRenamed(wrapper, before.apiId, after.apiId);
      await this.replaceIn(unit, base, edited);
    }
  }

  protected async conflict(error: DuplicateKey, asker: Asker): Promise<Conflict> {
    const sight = await this.tools.sights.of(asker);
    return describeConflict(error, { organisation: asker.organisation, viewer: sight?.viewer ?? null }, this.apis);
  }

  private async insertVersionIn(unit: UnitOfWork, content: JsonObject, link: VersionLink): Promise<ApiRow> {
    const base = await this.find(unit.organisation, link.baseId, unit.session);
    if (base === null) {
      const said = `${link.baseId} is not a valid Base API version`;
      throw new ValidationFailed([{ path: 'base_api_id', message: 'names no API of the organisation' }], said);
    }
    const row = await this.insertNew(unit, content);
    await this.replaceIn(unit, base, withVersion(storedWrapper(base), link, row.apiId));
    return row;
  }
}

/** What an API without an organisation would have for itself alone is still anybody's; but for its ids. */
const claimingNothing = ({
  claims: _claims,
  addresses: _addresses,
  slugClaim: _slug,
  versionIds: _versions,
  ...draft
}: Draft<ApiRow>): Draft<ApiRow> => draft;

/** What a replacement makes of an API that keeps its ids; a field of the wrapper that it leaves out stays. */
const adopted = (current: ApiRow, sent: JsonObject): JsonObject => {
  const apiId = requestedApiId(sent) || current.apiId;
  return { ...storedWrapper(current), ...sent, api_definition: { ...definitionOf(sent), api_id: apiId } };
};

const hasClients = (row: ApiRow): boolean => flagAt(definitionOf(storedWrapper(row)), 'use_oauth2');

/** What an organisation says of slugs, or the installation where it says nothing. */
const slugRules = (rules: OrganisationRow, config: ApiConfig): OrganisationRow => {
  if (rules.allowDuplicateSlugs || config.allowDuplicateSlugs === 'off') return rules;
  const said = objectAt(parseJson(rules.document), 'settings');
  return Object.hasOwn(said, 'allow_duplicate_slugs') ? rules : { ...rules, allowDuplicateSlugs: true };
};

/** 32 hex digits, as clients know them (docs/tyk/management.md#replies). */
const newApiId = (): string => randomUUID().replaceAll('-', '');
