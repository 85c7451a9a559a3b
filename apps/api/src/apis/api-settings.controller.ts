import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { listParameters, placeOf } from '../http/paging';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { Route } from '../http/route';
import { AccessRevisionListDto } from './access-history.dto';
import { exampleApiId } from './api-example';
import { ApiListsService } from './api-lists.service';
import { ApiSettingsService, type ApiAccess } from './api-settings.service';
import { AccessDto, CategoriesDto, CategoryCountsDto } from './api.dto';

const revisionsQuery = new RouteQuery(listParameters);
const idParam = { name: 'id', description: 'Database id or api_id', example: exampleApiId };

/** Categories and owners of APIs. */
@ApiTags('API definitions')
@Controller('api/apis')
export class ApiSettingsController {
  constructor(
    private readonly settings: ApiSettingsService,
    private readonly lists: ApiListsService,
  ) {}

  @Route.get('categories', {
    access: Requires('apis', 'read', 'List API Categories'),
    id: 'listApiCategories',
    summary: 'Every category, and how many APIs are in it',
    description: 'Those behind the names of classic APIs, as `#words`, count too.',
    reply: CategoryCountsDto,
  })
  async allCategories(@OrganisationRequest() { organisation }: OrganisationContext): Promise<CategoryCountsDto> {
    return { categories: await this.lists.categories(organisation) };
  }

  @Route.get('groups', {
    access: Requires('apis', 'read', 'List API Groups'),
    id: 'listApiGroups',
    summary: 'Every category, and the api_ids of the APIs in it',
    description: 'By category.',
    reply: {
      schema: {
        type: 'object',
        additionalProperties: { type: 'array', items: { type: 'string' } },
        example: { payments: [exampleApiId] },
      },
    },
  })
  async groups(
    @OrganisationRequest() { organisation }: OrganisationContext,
  ): Promise<Readonly<Record<string, readonly string[]>>> {
    return this.lists.groups(organisation);
  }

  @Route.get(':id/categories', {
    access: Requires('apis', 'read', 'Get API Categories'),
    id: 'getApiCategories',
    summary: 'The categories of an API',
    description: 'In the order in which they were given.',
    params: [idParam],
    reply: CategoriesDto,
  })
  async categories(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
  ): Promise<CategoriesDto> {
    return { categories: await this.settings.categories(organisation, id) };
  }

  @Route.put(':id/categories', {
    access: Requires('apis', 'write', 'Update API Categories'),
    id: 'updateApiCategories',
    summary: 'Replace the categories of an API',
    description: 'Those of a classic API become `#words` behind its name, as other tools expect.',
    example: { categories: ['payments', 'internal'] },
    params: [idParam],
    body: CategoriesDto,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async setCategories(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() { categories }: CategoriesDto,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.settings.setCategories(context, id, categories ?? [], precondition);
    return tagged(row, new StatusReply('API categories updated.'));
  }

  @Route.get(':id/access', {
    access: Requires('apis', 'read', 'Get API Access'),
    id: 'getApiAccess',
    summary: 'The users and user groups that own an API',
    description: 'An API without owners is everybody’s whose rights reach it.',
    params: [idParam],
    reply: AccessDto,
  })
  async access(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
  ): Promise<ApiAccess> {
    return this.settings.access(organisation, id);
  }

  @Route.get(':id/access/revisions', {
    access: Requires('apis', 'read', 'List API Access Revisions'),
    id: 'listApiAccessRevisions',
    summary: 'Every change of who owns an API, the newest first; also of what was deleted',
    description:
      'Owners are no content: a rollback of the API leaves them, and this history is kept apart from its own.',
    params: [idParam],
    reply: AccessRevisionListDto,
    listed: true,
  })
  async accessRevisions(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @AskedFor(revisionsQuery) query: Asked<typeof revisionsQuery>,
  ): Promise<unknown> {
    const { list, next } = await this.settings.accessRevisions(organisation, id, placeOf(query));
    return piece(next, list);
  }

  @Route.put(':id/access', {
    access: Requires('apis', 'write', 'Update API Access'),
    id: 'updateApiAccess',
    summary: 'Replace the users and user groups that own an API',
    description: 'Empty lists give it back to everybody whose rights reach it.',
    example: { userIds: [], userGroupIds: [] },
    params: [idParam],
    body: AccessDto,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
  })
  async setAccess(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() { userIds, userGroupIds }: AccessDto,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const access = { userIds: userIds ?? [], userGroupIds: userGroupIds ?? [] };
    const row = await this.settings.setAccess(context, id, access, precondition);
    return tagged(row, new StatusReply('API access updated'));
  }
}
