import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { CastellanError, Conflict } from '@castellan/dto';
import {
  isObjectIdText,
  toObjectId,
  type AssetRow,
  type Draft,
  type DuplicateKey,
  type Head,
  type OrganisationId,
  type Span,
  type UnitOfWork,
} from '@castellan/persistence';
import { textAt, type JsonObject } from '@castellan/tyk';
import { refuseUnfitId } from '../resources/ids';
import type { ReadScope } from '../resources/read-scope';
import { ResourceService } from '../resources/resource.service';
import { ResourceTools } from '../resources/resource-tools';
import { rowIdObstacles } from '../resources/row-ids';
import type { Drafting, Obstacle, Wanted } from '../resources/wanted';
import { assetDraft, assetForm, assetRoutes, parseAsset } from './asset-content';
import { AssetStore } from './asset-store';

/** A list has no pages, and holds every asset whole. */
const mostAssets = 100;

/** Templates of APIs of one organisation. */
@Injectable()
export class AssetsService extends ResourceService<AssetRow> {
  override readonly form = assetForm;

  constructor(
    tools: ResourceTools,
    private readonly assets: AssetStore,
  ) {
    super(tools, assets, 'Asset not found');
  }

  /** All of them, or those of one sort; the newest first. */
  async list(span: Span, kind?: string): Promise<readonly AssetRow[]> {
    const { rows } = await this.assets.page(span, {
      ...(kind === undefined ? {} : { filter: { assetKind: kind } }),
      sort: { createdAt: -1, _id: -1 },
      place: { page: null },
      pageSize: mostAssets,
    });
    return rows;
  }

  override async find(
    organisation: OrganisationId,
    id: string,
    session: ClientSession | null,
  ): Promise<AssetRow | null> {
    return (await this.assets.findOne(organisation, { assetId: id }, session)) ?? super.find(organisation, id, session);
  }

  override headsNamed(span: Span, id: string): Promise<readonly Head<AssetRow>[]> {
    const byRowId = isObjectIdText(id) ? [{ _id: toObjectId(id) }] : [];
    return this.assets.heads(span, { $or: [...byRowId, { assetId: id }] });
  }

  parse(body: unknown): JsonObject {
    return parseAsset(body);
  }

  draft({ organisation }: ReadScope, { content, id, current }: Drafting<AssetRow>): Promise<Draft<AssetRow>> {
    const requested = textAt(content, 'id');
    if (requested !== current?.assetId) refuseUnfitId(requested, 'id', assetRoutes);
    const assetId = requested || (current?.assetId ?? id.toString());
    return Promise.resolve(assetDraft(id, organisation, assetId, content));
  }

  override async check(scope: ReadScope, wanted: readonly Wanted<AssetRow>[]): Promise<readonly Obstacle[]> {
    return rowIdObstacles(this.assets, scope, wanted, '_id', () => taken(''));
  }

  override limit(unit: UnitOfWork): void {
    const said = `An organisation may hold ${mostAssets} assets`;
    unit.limit('asset', { most: mostAssets, refuse: () => new CastellanError(400, 'limit_reached', said) });
  }

  protected conflict({ values }: DuplicateKey): Promise<CastellanError> {
    const id = values['assetId'];
    return Promise.resolve(taken(typeof id === 'string' ? id : ''));
  }
}

const taken = (id: string): Conflict => new Conflict('id_conflict', `Asset ID already exists: '${id}'.`);
