import { Body, Controller, Param, Res } from '@nestjs/common';
import { ApiExtraModels, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { sendJsonText, sendResource } from '../http/text-reply';
import { assetKinds, assetReply, unknownKind } from './asset-content';
import { AssetDto, AssetInput, AssetReply } from './asset.dto';
import { AssetsService } from './assets.service';

const listQuery = new RouteQuery({ kind: text({ description: 'Only assets of this kind', maxLength: 100 }) });
const idParam = { name: 'id', description: 'The id of its own, or the database id', example: 'my-template' };

/** Templates of APIs (docs/tyk/management.md#assets). */
@ApiTags('API templates')
@ApiExtraModels(AssetDto)
@Controller('api/assets')
export class AssetsController {
  constructor(private readonly assets: AssetsService) {}

  @Route.get('', {
    access: Requires('api_assets', 'read', 'List Assets'),
    id: 'listAssets',
    summary: 'List every asset, the newest first',
    reply: { schema: { type: 'array', items: { $ref: getSchemaPath(AssetDto) } } },
  })
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @AskedFor(listQuery) { kind }: Asked<typeof listQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (kind !== undefined && !assetKinds.some((known) => known === kind)) throw unknownKind(400, kind);
    const rows = await this.assets.list(organisation, kind);
    sendJsonText(reply, `[${rows.map(assetReply).join(',')}]`);
  }

  @Route.get(':id', {
    access: Requires('api_assets', 'read', 'Get Asset'),
    id: 'getAsset',
    summary: 'Get an asset',
    params: [idParam],
    reply: AssetDto,
    tagged: true,
  })
  async get(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.assets.require(organisation, id);
    sendResource(reply, row.version, assetReply(row));
  }

  @Route.post('', {
    access: Requires('api_assets', 'write', 'Create Asset'),
    id: 'createAsset',
    summary: 'Create an asset',
    body: AssetInput,
    reply: AssetReply,
    creates: true,
    tagged: true,
    errors: [409, 422],
  })
  async create(@OrganisationRequest() context: OrganisationContext, @Body() body: unknown): Promise<unknown> {
    const row = await this.assets.create(context, body);
    return tagged(row, new AssetReply('asset created', row._id.toString(), row.assetId));
  }

  @Route.put(':id', {
    access: Requires('api_assets', 'write', 'Update Asset'),
    id: 'updateAsset',
    summary: 'Replace an asset',
    params: [idParam],
    body: AssetInput,
    reply: AssetReply,
    tagged: true,
    preconditioned: true,
    errors: [409, 422],
  })
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.assets.update(context, id, body, precondition);
    return tagged(row, new AssetReply('asset updated', row._id.toString(), row.assetId));
  }

  @Route.delete(':id', {
    access: Requires('api_assets', 'write', 'Delete Asset'),
    id: 'deleteAsset',
    summary: 'Delete an asset',
    params: [idParam],
    reply: AssetReply,
    preconditioned: true,
  })
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<AssetReply> {
    await this.assets.remove(context, id, precondition);
    return new AssetReply('Asset removed successfully');
  }
}
