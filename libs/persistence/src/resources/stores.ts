import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model } from 'mongoose';
import { isObjectIdText, toObjectId, toOrganisationId, type OrganisationId } from '../ids';
import { modelNames } from '../models';
import { pieceOf, type Page, type Piece } from '../paging';
import { ResourceStore } from './resource-store';
import type { OrganisationRow, PolicyRow, UserRow, WebhookRow } from './rows';

const silent = { create: [], update: [], delete: [] } as const;

/** Organisations. A row belongs to itself, so the rule of the tenant holds for it too; the admin plane may list all. */
@Injectable()
export class OrganisationStore extends ResourceStore<OrganisationRow> {
  constructor(@InjectModel(modelNames.organisation) model: Model<OrganisationRow>) {
    super(model, { name: 'organisation', commands: silent });
  }

  async byId(organisation: OrganisationId, session: ClientSession | null = null): Promise<OrganisationRow | null> {
    return this.findOne(organisation, { _id: toObjectId(organisation) }, session);
  }

  /** For the admin plane alone: every organisation of the installation. */
  async pageOfAll(piece: Piece): Promise<Page<OrganisationRow>> {
    return pieceOf(this.model, {}, piece, () => this.model.countDocuments().exec());
  }
}

@Injectable()
export class UserStore extends ResourceStore<UserRow> {
  constructor(@InjectModel(modelNames.user) model: Model<UserRow>) {
    super(model, { name: 'user', commands: silent });
  }

  /** The active user whom an access key belongs to: the one read that finds the organisation instead of being given it. */
  async activeByAccessKeyHash(accessKeyHash: string): Promise<UserRow | null> {
    return this.model.findOne({ accessKeyHash, active: true }).lean<UserRow>().exec();
  }

  /** For the admin plane alone: the organisation of a user. */
  async organisationOf(userId: string): Promise<OrganisationId | null> {
    if (!isObjectIdText(userId)) return null;
    const row = await this.model
      .findById(toObjectId(userId))
      .select({ orgId: 1 })
      .lean<Pick<UserRow, 'orgId'>>()
      .exec();
    return row === null ? null : toOrganisationId(row.orgId);
  }

  /** For the admin plane alone: every user of the installation. */
  async pageOfAll(piece: Piece): Promise<Page<UserRow>> {
    return pieceOf(this.model, {}, piece, () => this.model.countDocuments().exec());
  }
}

@Injectable()
export class PolicyStore extends ResourceStore<PolicyRow> {
  constructor(@InjectModel(modelNames.policy) model: Model<PolicyRow>) {
    const reload = ['PolicyChanged'];
    super(model, { name: 'policy', commands: { create: reload, update: reload, delete: reload } });
  }

  /**
   * Another policy that answers to the row id or to the explicit id of this one: asked for by that id, it would be taken
   * for this one, or this one for it.
   */
  async namesake(
    organisation: OrganisationId,
    { _id, policyId }: Pick<PolicyRow, '_id' | 'policyId'>,
    session: ClientSession,
  ): Promise<PolicyRow | null> {
    for (const id of new Set([_id.toString(), policyId])) {
      const found = [
        isObjectIdText(id) ? await this.findById(organisation, toObjectId(id), session) : null,
        await this.findOne(organisation, { policyId: id }, session),
      ].find((row) => row !== null && !row._id.equals(_id));
      if (found) return found;
    }
    return null;
  }

  /** By row id or by explicit id. */
  async byEitherId(
    organisation: OrganisationId,
    id: string,
    session: ClientSession | null = null,
  ): Promise<PolicyRow | null> {
    if (isObjectIdText(id)) {
      const row = await this.findById(organisation, toObjectId(id), session);
      if (row !== null) return row;
    }
    return this.findOne(organisation, { policyId: id }, session);
  }
}

/** Web hooks reach nodes only inside the definitions that refer to them, which are rewritten with the hook. */
@Injectable()
export class WebhookStore extends ResourceStore<WebhookRow> {
  constructor(@InjectModel(modelNames.webhook) model: Model<WebhookRow>) {
    super(model, { name: 'webhook', commands: silent });
  }

  /** The hooks that these row ids or `webhook_id`s mean, as far as there are such. */
  async byEitherIds(
    organisation: OrganisationId,
    ids: readonly string[],
    session: ClientSession | null = null,
  ): Promise<WebhookRow[]> {
    if (ids.length === 0) return [];
    const rowIds = ids.filter(isObjectIdText).map(toObjectId);
    return this.findAll(organisation, { $or: [{ _id: { $in: rowIds } }, { webhookId: { $in: [...ids] } }] }, session);
  }

  /**
   * Makes a transaction that copies these hooks meet every other one that changes or deletes them: whichever comes second
   * runs again and sees what the first has done. Reading alone does not, because transactions do not meet at what they
   * only read.
   */
  async hold(organisation: OrganisationId, ids: readonly string[], session: ClientSession): Promise<void> {
    const rowIds = ids.filter(isObjectIdText).map(toObjectId);
    if (rowIds.length === 0) return;
    const rows = { _id: { $in: rowIds }, orgId: toObjectId(organisation) };
    await this.model.updateMany(rows, { $inc: { holds: 1 } }, { session }).exec();
  }
}
