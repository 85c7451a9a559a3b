import { Controller, Res } from '@nestjs/common';
import { ApiExtraModels, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { AssetRow } from '@castellan/persistence';
import { Requires } from '@castellan/rbac';
import { text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { SpanRequest, type SpanContext } from '../http/request-context';
import { Route } from '../http/route';
import { sendJsonText } from '../http/text-reply';
import { resourceRoutes } from '../resources/resource-routes';
import { assetKinds, assetReply, unknownKind } from './asset-content';
import { AssetDto, AssetInput, AssetReply } from './asset.dto';
import { AssetsService } from './assets.service';

const listQuery = new RouteQuery({ kind: text({ description: 'Only assets of this kind', maxLength: 100 }) });
const replied = (message: string, { _id, assetId }: AssetRow): AssetReply =>
  new AssetReply(message, _id.toString(), assetId);
const routes = resourceRoutes<AssetRow>({
  kind: 'asset',
  id: { name: 'id', description: 'The id of its own, or the database id', example: 'my-template' },
  input: AssetInput,
  shown: AssetDto,
  get: { summary: 'Get an asset' },
  create: { summary: 'Create an asset' },
  update: { summary: 'Replace an asset' },
  remove: { summary: 'Delete an asset' },
  creates: true,
  errors: [409, 422],
  replies: {
    created: AssetReply,
    written: AssetReply,
    text: assetReply,
    create: (row) => replied('asset created', row),
    update: (row) => replied('asset updated', row),
    remove: () => new AssetReply('Asset removed successfully'),
  },
});

/** Templates of APIs (docs/tyk/management.md#assets). */
@ApiTags('API templates')
@ApiExtraModels(AssetDto)
@Controller('api/assets')
export class AssetsController extends routes {
  constructor(private readonly assets: AssetsService) {
    super(assets);
  }

  @Route.get('', {
    access: Requires('api_assets', 'read', 'List Assets'),
    id: 'listAssets',
    summary: 'List every asset, the newest first',
    reply: { schema: { type: 'array', items: { $ref: getSchemaPath(AssetDto) } } },
    everywhere: true,
  })
  async list(
    @SpanRequest() { organisation }: SpanContext,
    @AskedFor(listQuery) { kind }: Asked<typeof listQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (kind !== undefined && !assetKinds.some((known) => known === kind)) throw unknownKind(400, kind);
    const rows = await this.assets.list(organisation, kind);
    sendJsonText(reply, `[${rows.map(assetReply).join(',')}]`);
  }
}
