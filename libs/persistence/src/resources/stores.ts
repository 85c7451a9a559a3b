import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model } from 'mongoose';
import { isObjectIdText, toObjectId, toOrganisationId, type OrganisationId } from '../ids';
import { inPieces } from '../in-pieces';
import type { Operation } from '../changes/rows';
import type { UnitOfWork } from '../changes/unit-of-work';
import { modelNames } from '../models';
import type { SignInRow } from '../people/sign-in-store';
import { pieceOf, type Page, type Piece } from '../paging';
import { organisationKind, type OrganisationRow } from '../kinds/organisation.kind';
import { policyKind, type PolicyRow } from '../kinds/policy.kind';
import { userGroupKind, type UserGroupRow } from '../kinds/user-group.kind';
import { userKind, type UserRow } from '../kinds/user.kind';
import { webhookKind, type WebhookRow } from '../kinds/webhook.kind';
import type { Head } from './resource-row';
import { EveryOrganisation, type Span } from '../span';
import { ResourceStore } from './resource-store';

/** The form in which slugs of organisations are compared; undefined for none. */
export const slugKeyOf = (slug: string): string | undefined => {
  const key = slug.trim().toLowerCase();
  return key === '' ? undefined : key;
};

/** Organisations. A row belongs to itself, so the rule of the tenant holds for it too; the operator’s plane may list all. */
@Injectable()
export class OrganisationStore extends ResourceStore<OrganisationRow> {
  constructor(@InjectModel(organisationKind.name) model: Model<OrganisationRow>) {
    super(model, organisationKind);
  }

  async byId(organisation: OrganisationId, session: ClientSession | null = null): Promise<OrganisationRow | null> {
    return this.findOne(organisation, { _id: toObjectId(organisation) }, session);
  }

  /** Whether owners restrict who sees and changes APIs and policies of the organisation. */
  async hasOwnership(organisation: OrganisationId): Promise<boolean> {
    const row = await this.model
      .findById(toObjectId(organisation))
      .select({ enableOwnership: 1 })
      .lean<Pick<OrganisationRow, 'enableOwnership'>>()
      .exec();
    return row?.enableOwnership === true;
  }

  /** The id of the organisation that has a slug for itself. */
  async holderOfSlug(slug: string): Promise<OrganisationId | null> {
    const slugKey = slugKeyOf(slug);
    if (slugKey === undefined) return null;
    const row = await this.model.findOne({ slugKey }).select({ _id: 1 }).lean<Pick<OrganisationRow, '_id'>>().exec();
    return row === null ? null : toOrganisationId(row._id);
  }

  /** Whether the installation has any organisation. */
  async isAny(): Promise<boolean> {
    return (await this.model.exists({})) !== null;
  }

  /** Those of the ids that organisations have. */
  async present(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const known = ids.filter(isObjectIdText).map(toObjectId);
    if (known.length === 0) return new Set();
    const rows = await this.model
      .find({ _id: { $in: known } })
      .select({ _id: 1 })
      .lean<Pick<OrganisationRow, '_id'>[]>()
      .exec();
    return new Set(rows.map(({ _id }) => _id.toString()));
  }

  /** Which organisations a span is of, for those who ask about one after the other. */
  async idsOf(span: Span): Promise<readonly OrganisationId[]> {
    if (!EveryOrganisation.is(span)) return [span];
    const rows = await this.model.find().select({ _id: 1 }).lean<Pick<OrganisationRow, '_id'>[]>().exec();
    return rows.map(({ _id }) => toOrganisationId(_id));
  }

  /** For work over all organisations: the next ones, in an order that stays. @param after null to begin */
  async nextOfAll(after: OrganisationRow['_id'] | null, limit: number): Promise<OrganisationRow[]> {
    const rest = after === null ? {} : { _id: { $gt: after } };
    return this.model.find(rest).sort({ _id: 1 }).limit(limit).lean<OrganisationRow[]>().exec();
  }

  /** For the operator’s plane alone: every organisation of the installation. */
  async pageOfAll(piece: Piece): Promise<Page<OrganisationRow>> {
    return pieceOf(this.model, {}, piece, () => this.model.countDocuments().exec());
  }
}

/** Fields of users that no list or search looks at. */
export const usersNotListed = [
  ...['document', 'digest', 'email', 'accessKeyHash', 'passwordHash', 'grants', 'groupIds'],
  ...['identity', 'providedGroupIds', 'service', 'rateLimit', 'active', 'version', 'updatedAt'],
] as const;

/** What lists and searches look at of a user. */
export type UserSummary = Pick<UserRow, '_id' | 'createdAt' | 'searchText'>;

/** What `IsAdmin` says of those who administer. */
const administering = ['admin', 'true'];

/** Every request finds its user, and MongoDB finds a row by a unique field alone in half of the time. */
const ifActive = (user: UserRow | null): UserRow | null => (user?.active === true ? user : null);

@Injectable()
export class UserStore extends ResourceStore<UserRow> {
  constructor(
    @InjectModel(userKind.name) model: Model<UserRow>,
    @InjectModel(modelNames.signIn) private readonly signIns: Model<SignInRow>,
  ) {
    super(model, userKind);
  }

  /** Removes the user, and how the user signed in. */
  override async remove(unit: UnitOfWork, user: UserRow, operation: Operation = 'delete'): Promise<void> {
    await super.remove(unit, user, operation);
    await this.signIns.deleteOne({ _id: user._id }).session(unit.session).exec();
  }

  /** The active user whom an access key belongs to: the one read that finds the organisation instead of being given it. */
  async activeByAccessKeyHash(accessKeyHash: string): Promise<UserRow | null> {
    return ifActive(await this.model.findOne({ accessKeyHash }).lean<UserRow>().exec());
  }

  /** The active user of a session: like the one above a read that finds the organisation. */
  async activeById(userId: string): Promise<UserRow | null> {
    if (!isObjectIdText(userId)) return null;
    return ifActive(await this.model.findById(toObjectId(userId)).lean<UserRow>().exec());
  }

  /** Who may be meant by an address at the login, where nobody is known yet: in each organisation at most one. */
  async ofAddress(email: string, organisation: OrganisationId | null, most: number): Promise<readonly UserRow[]> {
    const within = organisation === null ? {} : { orgId: toObjectId(organisation) };
    return this.model
      .find({ email, ...within })
      .sort({ _id: 1 })
      .limit(most)
      .lean<UserRow[]>()
      .exec();
  }

  /** Writes the password that a user has already in a newer form, unless it was changed meanwhile. */
  async upgradePasswordHash({ _id, passwordHash }: UserRow, newer: string): Promise<void> {
    await this.model.updateOne({ _id, passwordHash }, { $set: { passwordHash: newer } }).exec();
  }

  /** How many active users administer: by rights of their own, or as members of one of these groups. */
  async administrators(
    organisation: OrganisationId,
    groupIds: readonly string[],
    session: ClientSession | null,
  ): Promise<number> {
    const administers = [{ 'grants.IsAdmin': { $in: administering } }, { groupIds: { $in: [...groupIds] } }];
    return this.model
      .countDocuments({ orgId: toObjectId(organisation), active: true, $or: administers })
      .session(session)
      .exec();
  }

  /** For the operator’s plane alone: the organisation of a user. */
  async organisationOf(userId: string): Promise<OrganisationId | null> {
    if (!isObjectIdText(userId)) return null;
    const row = await this.model
      .findById(toObjectId(userId))
      .select({ orgId: 1 })
      .lean<Pick<UserRow, 'orgId'>>()
      .exec();
    return row === null ? null : toOrganisationId(row.orgId);
  }

  /** What lists and searches look at of the users of an organisation, or of all of them. */
  async summaries(span: Span): Promise<UserSummary[]> {
    return this.model.find(this.within(span, {})).select({ createdAt: 1, searchText: 1 }).lean<UserSummary[]>().exec();
  }

  /** The ids of everybody in the organisation. */
  async ids(organisation: OrganisationId, session: ClientSession | null): Promise<readonly string[]> {
    const rows = await this.digests(organisation, {}, session);
    return rows.map(({ _id }) => _id.toString());
  }

  /** For the operator’s plane alone: every user of the installation. */
  async pageOfAll(piece: Piece): Promise<Page<UserRow>> {
    return pieceOf(this.model, {}, piece, () => this.model.countDocuments().exec());
  }
}

/** Groups of users. */
@Injectable()
export class UserGroupStore extends ResourceStore<UserGroupRow> {
  constructor(@InjectModel(userGroupKind.name) model: Model<UserGroupRow>) {
    super(model, userGroupKind);
  }

  /** The active groups whose members administer. */
  async administering(organisation: OrganisationId, session: ClientSession | null): Promise<readonly string[]> {
    const rows = await this.model
      .find({ orgId: toObjectId(organisation), active: true, 'grants.IsAdmin': { $in: administering } })
      .select({ _id: 1 })
      .session(session)
      .lean<Pick<UserGroupRow, '_id'>[]>()
      .exec();
    return rows.map(({ _id }) => _id.toString());
  }

  /** The groups of the organisation with these ids; ids that are none are left out. */
  async named(
    organisation: OrganisationId,
    ids: readonly string[],
    session: ClientSession | null = null,
  ): Promise<UserGroupRow[]> {
    return this.byIds(organisation, ids.filter(isObjectIdText).map(toObjectId), session);
  }
}

@Injectable()
export class PolicyStore extends ResourceStore<PolicyRow> {
  constructor(@InjectModel(policyKind.name) model: Model<PolicyRow>) {
    super(model, policyKind);
  }

  /** The policies of the organisation that answer to any of these ids: as row ids, or as explicit ones. */
  async answeringTo(
    organisation: OrganisationId,
    ids: readonly string[],
    session: ClientSession | null,
  ): Promise<readonly Head<PolicyRow>[]> {
    const byRowId = await this.headsWithIds(organisation, ids.filter(isObjectIdText).map(toObjectId), session);
    const named = await inPieces(ids, (piece) => this.heads(organisation, { policyId: { $in: piece } }, session));
    return [...byRowId, ...named];
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
  constructor(@InjectModel(webhookKind.name) model: Model<WebhookRow>) {
    super(model, webhookKind);
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
