import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { tagged } from '../http/reply-headers';
import { Route } from '../http/route';
import { exampleApiId } from './api-example';
import { ApiListsService } from './api-lists.service';
import { ApiSettingsService } from './api-settings.service';
import { CategoriesDto, CategoryCountsDto } from './api.dto';

const idParam = { name: 'id', description: 'Database id or api_id', example: exampleApiId };

/** Categories of APIs. */
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
  async allCategories(@OrganisationRequest() context: OrganisationContext): Promise<CategoryCountsDto> {
    return { categories: await this.lists.categories(context) };
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
    @OrganisationRequest() context: OrganisationContext,
  ): Promise<Readonly<Record<string, readonly string[]>>> {
    return this.lists.groups(context);
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
}
