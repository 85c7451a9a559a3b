import { Body, Controller, Param, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { tagged } from '../http/reply-headers';
import { Route } from '../http/route';
import { exampleApiId } from './api-example';
import { ApiSettingsService } from './api-settings.service';
import { CategoriesDto } from './api.dto';

const params = [{ name: 'id', description: 'Database id or api_id', example: exampleApiId }];

/** Where the categories of an API are read and written; classic and OAS APIs have a place each, for any API. */
interface CategoriesOf {
  readonly path: string;
  readonly tag: string;
  /** How operations call an API there, such as `OasApi`. */
  readonly noun: string;
  /** How texts call it. */
  readonly called: string;
}

const categoriesController = ({ path, tag, noun, called }: CategoriesOf): Type => {
  @ApiTags(tag)
  @Controller(path)
  class CategoriesController {
    constructor(private readonly settings: ApiSettingsService) {}

    @Route.get(':id/categories', {
      access: Requires('apis', 'read', 'Get API Categories'),
      id: `get${noun}Categories`,
      summary: `The categories of an ${called}`,
      description: 'In the order in which they were given.',
      params,
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
      id: `update${noun}Categories`,
      summary: `Replace the categories of an ${called}`,
      description: 'Those of a classic API become `#words` behind its name, as other tools expect.',
      example: { categories: ['payments', 'internal'] },
      params,
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
  return CategoriesController;
};

export const CategoriesController = categoriesController({
  path: 'api/apis',
  tag: 'API definitions',
  noun: 'Api',
  called: 'API',
});

export const OasCategoriesController = categoriesController({
  path: 'api/apis/oas',
  tag: 'OAS APIs',
  noun: 'OasApi',
  called: 'OAS API',
});
