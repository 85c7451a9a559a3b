import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, QueryFilter, Types } from 'mongoose';
import { isObjectIdText, toObjectId, type OrganisationId } from '../ids';
import { inPieces } from '../in-pieces';
import { apiKind, type ApiRow } from '../kinds/api.kind';
import type { Span } from '../span';
import { ResourceStore } from './resource-store';

/** An API that is in the way of another one. */
export type ApiHolder = Pick<ApiRow, '_id' | 'orgId' | 'apiId' | 'name' | 'userOwners' | 'groupOwners'>;

/** The fields of an API that lists need not read. */
export const notListed = ['document', 'digest', 'claims', 'addresses'] as const;

/** What a list shows of an API without reading its document. */
export type ApiSummary = Omit<ApiRow, (typeof notListed)[number]>;

/** An API that listens where another one does. */
export type ApiNeighbour = ApiHolder & Required<Pick<ApiRow, 'claims'>>;

type NamedApi = Pick<ApiRow, 'name' | 'apiId'>;

type Base = Pick<ApiRow, 'apiId' | 'userOwners' | 'groupOwners'>;

/** An API, and the API that has it as a version; undefined for one that is no version. */
export interface ApiWithBase {
  readonly row: ApiRow;
  readonly base: Base | undefined;
}

const holderFields = { orgId: 1, apiId: 1, name: 1, userOwners: 1, groupOwners: 1 } as const;

@Injectable()
export class ApiStore extends ResourceStore<ApiRow> {
  protected override readonly allIncludeNobodys = true;

  constructor(@InjectModel(apiKind.name) model: Model<ApiRow>) {
    super(model, apiKind);
  }

  /** By database id or by api_id; clients use both (docs/tyk/management.md#apis). */
  async byEitherId(
    organisation: OrganisationId,
    id: string,
    session: ClientSession | null = null,
  ): Promise<ApiRow | null> {
    if (isObjectIdText(id)) {
      const row = await this.findById(organisation, toObjectId(id), session);
      if (row !== null) return row;
    }
    return this.findOne(organisation, { apiId: id }, session);
  }

  /** Name and api_id of every API of the organisation. */
  async names(organisation: OrganisationId): Promise<readonly NamedApi[]> {
    return (await this.namesOfAll([organisation])).get(organisation) ?? [];
  }

  /** For the operator’s plane: the same of several organisations, by their ids. */
  async namesOfAll(organisations: readonly OrganisationId[]): Promise<ReadonlyMap<string, readonly NamedApi[]>> {
    const rows = await this.model
      .find({ orgId: { $in: organisations.map(toObjectId) } })
      .select({ orgId: 1, name: 1, apiId: 1 })
      .sort({ createdAt: 1, _id: 1 })
      .lean<(NamedApi & Pick<ApiRow, 'orgId'>)[]>()
      .exec();
    const names = new Map<string, NamedApi[]>();
    for (const { orgId, ...named } of rows) {
      const known = names.get(orgId.toString());
      if (known === undefined) names.set(orgId.toString(), [named]);
      else known.push(named);
    }
    return names;
  }

  /** What lists show of the organisation's APIs, or of all. */
  async summaries(span: Span): Promise<ApiSummary[]> {
    return this.model
      .find(this.within(span, {}))
      .select(Object.fromEntries(notListed.map((field) => [field, 0])))
      .lean<ApiSummary[]>()
      .exec();
  }

  /** The APIs that have this one as a version. */
  async basesOf(organisation: OrganisationId, apiId: string, session: ClientSession | null = null): Promise<ApiRow[]> {
    return this.findAll(organisation, { versionIds: apiId }, session);
  }

  /**
   * By database id or by api_id, with the `api_id` of the API that has it as a version: in one command, and in two for an
   * api_id that looks like a database id.
   */
  async withBase(organisation: OrganisationId, id: string): Promise<ApiWithBase | null> {
    const byRowId = isObjectIdText(id) ? await this.oneWithBase(organisation, { _id: toObjectId(id) }) : null;
    return byRowId ?? this.oneWithBase(organisation, { apiId: id });
  }

  private async oneWithBase(organisation: OrganisationId, filter: QueryFilter<ApiRow>): Promise<ApiWithBase | null> {
    const orgId = toObjectId(organisation);
    const bases = {
      from: this.model.collection.collectionName,
      localField: 'apiId',
      foreignField: 'versionIds',
      pipeline: [{ $match: { orgId } }, { $project: { apiId: 1, userOwners: 1, groupOwners: 1 } }],
      as: 'bases',
    };
    const [found] = await this.model
      .aggregate<ApiRow & { readonly bases: readonly Base[] }>([{ $match: { ...filter, orgId } }, { $lookup: bases }])
      .exec();
    if (found === undefined) return null;
    const { bases: ofRow, ...row } = found;
    return { row, base: ofRow[0] };
  }

  /**
   * Lets go of what some rows claim, so that others of the same change may claim it; the rows get theirs again when they
   * are written. Other organisations still find them at their addresses.
   */
  override async releaseClaims(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[],
    session: ClientSession,
  ): Promise<void> {
    if (ids.length === 0) return;
    await this.model
      .updateMany(
        { orgId: toObjectId(organisation), _id: { $in: [...ids] } },
        { $unset: { claims: 1, slugClaim: 1 } },
        { session },
      )
      .exec();
  }

  /** Gives a row again what {@link releaseClaims} took from it. @throws DuplicateKey when another one has it now */
  override async claimAgain(
    organisation: OrganisationId,
    _id: Types.ObjectId,
    { claims, slug }: { readonly claims: readonly string[]; readonly slug: string | null },
  ): Promise<void> {
    const fields = { ...(claims.length === 0 ? {} : { claims }), ...(slug === null ? {} : { slugClaim: slug }) };
    if (Object.keys(fields).length === 0) return;
    await this.translate(this.model.updateOne({ _id, orgId: toObjectId(organisation) }, { $set: fields }).exec());
  }

  /** Which APIs of the installation have these api_ids; the caller decides what of them may be said. */
  async holdersOfApiIds(apiIds: readonly string[], session: ClientSession | null): Promise<readonly ApiHolder[]> {
    return inPieces(apiIds, (piece) => this.holders({ apiId: { $in: piece } }, session));
  }

  /** Which APIs of the organisation have these database ids. */
  async holdersOfRowIds(
    organisation: OrganisationId,
    ids: readonly string[],
    session: ClientSession | null,
  ): Promise<readonly ApiHolder[]> {
    const orgId = toObjectId(organisation);
    return inPieces(ids, (piece) => this.holders({ _id: { $in: piece.map(toObjectId) }, orgId }, session));
  }

  /** Which APIs of the organisation have these slugs for themselves. */
  async holdersOfSlugs(
    organisation: OrganisationId,
    slugs: readonly string[],
    session: ClientSession | null,
  ): Promise<readonly (ApiHolder & Required<Pick<ApiRow, 'slugClaim'>>)[]> {
    return inPieces(slugs, (piece) =>
      this.model
        .find({ slugClaim: { $in: piece }, orgId: toObjectId(organisation) })
        .select({ ...holderFields, slugClaim: 1 })
        .session(session)
        .lean<(ApiHolder & Required<Pick<ApiRow, 'slugClaim'>>)[]>()
        .exec(),
    );
  }

  /** Which API of the installation holds this claim; the caller decides what of it may be said. */
  async holderOfClaim(claim: string): Promise<ApiHolder | null> {
    return this.holder({ claims: claim }, null);
  }

  /**
   * The APIs of the installation that listen at one of these addresses, whatever their tags. One that has let go of what it
   * claims for the sake of an import is there with all of its addresses.
   */
  async neighbours(addresses: readonly string[], session: ClientSession | null): Promise<readonly ApiNeighbour[]> {
    const rows = await inPieces(addresses, (piece) =>
      this.model
        .find({ addresses: { $in: piece } })
        .select({ ...holderFields, claims: 1, addresses: 1 })
        .session(session)
        .lean<(ApiHolder & Pick<ApiRow, 'claims' | 'addresses'>)[]>()
        .exec(),
    );
    return rows.map(({ addresses: listening = [], claims = listening, ...row }) => ({ ...row, claims }));
  }

  private async holders(filter: QueryFilter<ApiRow>, session: ClientSession | null): Promise<readonly ApiHolder[]> {
    return this.model.find(filter).select(holderFields).session(session).lean<ApiHolder[]>().exec();
  }

  private async holder(filter: QueryFilter<ApiRow>, session: ClientSession | null): Promise<ApiHolder | null> {
    return this.model.findOne(filter).select(holderFields).session(session).lean<ApiHolder>().exec();
  }
}
