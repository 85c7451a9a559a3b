import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { AskedFor } from '../http/query/query';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { listQuery, type KeySearch } from './key-queries';
import { KeyListDto, KeyReplyDto, sessionBody, sessionExample } from './key.dto';
import { KeyRequests } from './key-requests';
import { keyRoutes } from './key-routes';

const apiParam = { name: 'apiId', description: '`api_id`, or `-` for any', example: '-' };
const apiOf = (apiId: string): string | null => (apiId === '-' ? null : apiId);
const routes = keyRoutes({
  ...{ before: ':apiId/keys/', params: [apiParam], called: 'OfApi' },
  summaries: {
    get: 'Get a key with a right to an API',
    update: 'Change fields of a key with a right to an API',
    remove: 'Delete a key with a right to an API',
  },
  apiOf: ({ apiId = '' }) => apiOf(apiId),
});

/** Keys by the API that they have a right to, where clients since 0.9 look for them. */
@ApiTags('Keys')
@Controller('api/apis')
export class ApiKeysController extends routes {
  constructor(private readonly requests: KeyRequests) {
    super(requests);
  }

  @Route.get('keys', {
    access: Requires('keys', 'read', 'List Keys'),
    id: 'listAllKeys',
    summary: 'Hashes of keys of all APIs',
    reply: KeyListDto,
    listed: true,
  })
  listAll(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(listQuery) query: KeySearch,
  ): Promise<unknown> {
    return this.requests.list(context, query);
  }

  @Route.post('keys/basic/:username', {
    access: Requires('keys', 'write', 'Create Basic Auth User'),
    id: 'createBasicAuthUser',
    summary: 'Make a user who logs in with name and password',
    params: [{ name: 'username', description: 'Name of the user', example: 'ada.lovelace' }],
    body: sessionBody,
    example: sessionExample,
    reply: KeyReplyDto,
    tagged: true,
    errors: [409],
  })
  createUser(
    @OrganisationRequest() context: OrganisationContext,
    @Param('username') username: string,
    @Body() body: unknown,
  ): Promise<unknown> {
    return this.requests.create(context, body, { username });
  }

  @Route.get(':apiId/keys', {
    access: Requires('keys', 'read', 'List Keys'),
    id: 'listKeysOfApi',
    summary: 'Hashes of keys with a right to an API',
    params: [apiParam],
    reply: KeyListDto,
    listed: true,
  })
  list(
    @OrganisationRequest() context: OrganisationContext,
    @Param('apiId') apiId: string,
    @AskedFor(listQuery) query: KeySearch,
  ): Promise<unknown> {
    return this.requests.list(context, query, apiOf(apiId) ?? undefined);
  }

  @Route.get(':apiId/keys/search', {
    access: Requires('keys', 'read', 'Search Keys'),
    id: 'searchKeysOfApi',
    summary: 'The same as the list, where clients look for a search',
    params: [apiParam],
    reply: KeyListDto,
    listed: true,
  })
  search(
    @OrganisationRequest() context: OrganisationContext,
    @Param('apiId') apiId: string,
    @AskedFor(listQuery) query: KeySearch,
  ): Promise<unknown> {
    return this.requests.list(context, query, apiOf(apiId) ?? undefined);
  }
}
