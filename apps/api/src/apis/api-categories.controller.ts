import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { exampleApiId } from './api-example';
import { ApiListsService } from './api-lists.service';
import { CategoryCountsDto } from './api.dto';

/** What APIs there are, by category. */
@ApiTags('API definitions')
@Controller('api/apis')
export class ApiCategoriesController {
  constructor(private readonly lists: ApiListsService) {}

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
}
