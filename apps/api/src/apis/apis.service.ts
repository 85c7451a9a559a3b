import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, ValidationFailed, type Conflict } from '@castellan/dto';
import {
  ApiStore,
  RevisionStore,
  WebhookStore,
  type ApiRow,
  type Change,
  type ChangeContext,
  type Draft,
  type DuplicateKey,
  type OrganisationId,
} from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import type { Precondition } from '../http/precondition';
import { ResourceService } from '../resources/resource.service';
import type { ResourceTransaction } from '../resources/resource-transaction';
import { ResourceWriter } from '../resources/resource-writer';
import { refuseOtherKind, type ApiKind } from './api-kind';
import { describeConflict, refuseForeignVersions, refuseSegmentClash, refuseTakenId } from './api-conflict';
import { ApiCatalogues } from './api-catalogues';
import {
  composeWrapper,
  draftOf,
  parseApiBody,
  refuseSenseless,
  requestedApiId,
  type ApiIdentity,
} from './api-content';
import { withHooks } from './hook-references';
import { versionIdsOf, withoutVersionOf, withVersion, withVersionRenamed, type VersionLink } from './versions';
import { definitionOf, storedWrapper } from './wrapper';

/** More APIs than all replicas together are creating for one organisation at any moment. */
const createdAtOnce = 1_000;

/** API definitions of one organisation, classic ones and OAS APIs alike. */
@Injectable()
export class ApisService extends ResourceService<ApiRow> {
  constructor(
    writer: ResourceWriter,
    private readonly apis: ApiStore,
    private readonly webhooks: WebhookStore,
    private readonly catalogues: ApiCatalogues,
    revisions: RevisionStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(writer, apis, revisions, 'API not found');
  }

  override find(organisation: OrganisationId, id: string, session: ClientSession | null): Promise<ApiRow | null> {
    return this.apis.byEitherId(organisation, id, session);
  }

  parse(body: unknown): JsonObject {
    return parseApiBody(body);
  }

  /**
   * Creates an API, as a version of another one if the request says so; the base then lists it, in the same transaction
   * and with a revision of its own.
   *
   * @throws ValidationFailed, Conflict
   */
  override async create(context: ChangeContext, body: unknown, link: VersionLink | null = null): Promise<ApiRow> {
    if (link === null) return super.create(context, body);
    const content = this.parse(body);
    return this.commit(context, async (transaction) => this.insertVersionIn(transaction, content, link));
  }

  /** Everything that the creation of a version would check, and nothing written. @throws ValidationFailed, Conflict */
  async tryOutVersion(context: ChangeContext, body: unknown, link: VersionLink): Promise<readonly Change[]> {
    const content = this.parse(body);
    const work = (transaction: ResourceTransaction) => this.insertVersionIn(transaction, content, link);
    return (await this.rehearse(context, work)).changes;
  }

  /**
   * @param kind what the API has to be, where only one kind may be written this way
   * @throws NotFound, ValidationFailed, Conflict, VersionMismatch
   */
  override async update(
    context: ChangeContext,
    id: string,
    body: unknown,
    precondition: Precondition,
    kind?: ApiKind,
  ): Promise<ApiRow> {
    const content = this.parse(body);
    return this.commit(context, async (transaction) => {
      const current = await this.require(context.organisation, id, transaction.session);
      if (kind !== undefined) refuseOtherKind(current, kind);
      precondition.check(current.version, transaction.rules.requireIfMatch);
      return this.replaceIn(transaction, current, content);
    });
  }

  /**
   * Changes a stored wrapper.
   *
   * @param edit makes the new wrapper of the stored one
   * @param kind what the API has to be, where only one kind may be changed this way
   * @throws NotFound, ValidationFailed, Conflict, VersionMismatch
   */
  async change(
    context: ChangeContext,
    id: string,
    precondition: Precondition,
    edit: (wrapper: JsonObject) => JsonObject,
    kind?: ApiKind,
  ): Promise<ApiRow> {
    return this.commit(context, async (transaction) => {
      const current = await this.require(context.organisation, id, transaction.session);
      if (kind !== undefined) refuseOtherKind(current, kind);
      precondition.check(current.version, transaction.rules.requireIfMatch);
      return this.replaceIn(transaction, current, edit(storedWrapper(current)));
    });
  }

  /** Removes an API together with all that are versions of it. @throws NotFound, VersionMismatch */
  async removeWithVersions(context: ChangeContext, id: string, precondition: Precondition): Promise<void> {
    await this.commit(context, async (transaction) => {
      const base = await this.require(context.organisation, id, transaction.session);
      precondition.check(base.version, transaction.rules.requireIfMatch);
      await this.removeIn(transaction, base, { force: false });
      for (const versionId of versionIdsOf(definitionOf(storedWrapper(base)))) {
        const version = await this.apis.findOne(context.organisation, { apiId: versionId }, transaction.session);
        if (version !== null) await this.removeIn(transaction, version, { force: false });
      }
    });
  }

  async draft(
    transaction: ResourceTransaction,
    content: JsonObject,
    id: Types.ObjectId,
    current: ApiRow | null,
  ): Promise<Draft<ApiRow>> {
    const { organisation, references, rules } = transaction;
    const identity: ApiIdentity = {
      _id: id,
      organisation,
      apiId: requestedApiId(content) || (current?.apiId ?? newApiId()),
    };
    // What an earlier revision did not have must not stay.
    const isWhole = current === null || transaction.changes.operationName === 'rollback';
    const composed = composeWrapper(identity, content, isWhole ? undefined : storedWrapper(current));
    const wrapper = await withHooks(composed, current?.hookIds ?? [], references);
    refuseSenseless(wrapper);
    return draftOf(identity, wrapper, rules);
  }

  protected override async guard(
    transaction: ResourceTransaction,
    draft: Draft<ApiRow>,
    current: ApiRow | null,
  ): Promise<void> {
    if (current === null) await this.refuseTooMany(transaction);
    if (draft.apiId !== current?.apiId) await refuseTakenId(transaction, draft, this.apis);
    await refuseForeignVersions(transaction, draft, current, this.apis);
    await refuseSegmentClash(transaction, draft, this.apis);
  }

  /**
   * A base that lists the API follows it: to a new `api_id`, and when it goes. Web hooks whose copies the API carries
   * are held, so that none of them changes unseen in this instant (decision 12).
   */
  protected override async followUp(
    transaction: ResourceTransaction,
    before: ApiRow | null,
    after: ApiRow | null,
  ): Promise<void> {
    await this.webhooks.hold(transaction.organisation, after?.hookIds ?? [], transaction.session);
    if (before === null || before.apiId === after?.apiId) return;
    const { organisation, session } = transaction;
    const bases = await this.apis.basesOf(organisation, before.apiId, session);
    // The API itself may be rolled back or restored; what happens to its bases is an update.
    if (bases.length > 0) transaction.changes.operationName = null;
    for (const base of bases) {
      const wrapper = storedWrapper(base);
      const edited =
        after === null
          ? withoutVersionOf(wrapper, before.apiId)
          : withVersionRenamed(wrapper, before.apiId, after.apiId);
      await this.replaceIn(transaction, base, edited);
    }
  }

  protected conflict(error: DuplicateKey, organisation: OrganisationId): Promise<Conflict> {
    return describeConflict(error, organisation, this.apis);
  }

  private async insertVersionIn(
    transaction: ResourceTransaction,
    content: JsonObject,
    link: VersionLink,
  ): Promise<ApiRow> {
    const base = await this.find(transaction.organisation, link.baseId, transaction.session);
    if (base === null) {
      const said = `${link.baseId} is not a valid Base API version`;
      throw new ValidationFailed([{ path: 'base_api_id', message: 'names no API of the organisation' }], said);
    }
    const row = await this.insertNew(transaction, content);
    await this.replaceIn(transaction, base, withVersion(storedWrapper(base), link, row.apiId));
    return row;
  }

  private async refuseTooMany({ organisation, session }: ResourceTransaction): Promise<void> {
    const { definitionsLimit } = this.config;
    // Far from the limit it does not matter what is being created in this instant, and counting takes long.
    if ((await this.catalogues.of(organisation)).size < definitionsLimit - createdAtOnce) return;
    if ((await this.apis.count(organisation, {}, session)) < definitionsLimit) return;
    throw new CastellanError(400, 'limit_reached', `An organisation may hold ${definitionsLimit} API definitions`);
  }
}

/** 32 hex digits, as clients know them (docs/tyk/management.md#replies). */
const newApiId = (): string => randomUUID().replaceAll('-', '');
