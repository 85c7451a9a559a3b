import { Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { tagged } from '../http/reply-headers';
import { oneOf, text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { ApiAddressService } from '../apis/api-address.service';
import { UrlsDto, VersionListDto } from './oas.dto';
import { OasVersionsService } from './oas-versions.service';

const idParam = { name: 'id', description: 'Database id or api_id', example: '4c1f0d2b9a3e4f6d8b7a5c3e1d0f2b4a' };

const versionsQuery = new RouteQuery({
  searchText: text({ description: 'Part of the version’s name', maxLength: 256 }),
  accessType: oneOf(['internal', 'external'], { description: 'Only versions that gateways serve inside, or outside' }),
});

/** What stands around an OAS API: its versions and where callers reach it. */
@ApiTags('OAS APIs')
@Controller('api/apis/oas')
export class OasVersionsController {
  constructor(
    private readonly versions: OasVersionsService,
    private readonly addresses: ApiAddressService,
  ) {}

  @Route.get(':id/versions', {
    access: Requires('apis', 'read', 'List OAS API Versions'),
    id: 'listOasApiVersions',
    summary: 'Every version of the API that this one is a version of',
    description: 'The base is the first of them.',
    params: [idParam],
    reply: VersionListDto,
  })
  async list(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @AskedFor(versionsQuery) { searchText = '', accessType }: Asked<typeof versionsQuery>,
  ): Promise<VersionListDto> {
    return { apis: await this.versions.list(context, id, { searchText, accessType: accessType ?? '' }), pages: 1 };
  }

  @Route.get(':id/urls', {
    access: Requires('apis', 'read', 'Get OAS API URLs'),
    id: 'getOasApiUrls',
    summary: 'Where callers reach an OAS API, by each way to name its version',
    params: [idParam],
    reply: UrlsDto,
  })
  async urls(@OrganisationRequest() { organisation }: OrganisationContext, @Param('id') id: string): Promise<UrlsDto> {
    const row = await this.versions.require(organisation, id);
    return { api_id: row.apiId, urls: await this.addresses.urls(organisation, row) };
  }

  @Route.patch(':id/rebase/:next', {
    access: Requires('apis', 'write', 'Rebase OAS API'),
    id: 'rebaseOasApi',
    summary: 'Make a version the base, and the base one of its versions',
    description: 'Callers who name no version get the new base from then on.',
    params: [
      { ...idParam, description: 'Database id or api_id of the base' },
      { name: 'next', description: 'Database id or api_id of the version' },
    ],
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
  })
  async rebase(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Param('next') next: string,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.versions.rebase(context, id, next, precondition);
    return tagged(row, new StatusReply('API converted successfully'));
  }
}
