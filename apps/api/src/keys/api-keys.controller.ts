import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { AskedFor } from '../http/query/query';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { keyQuery, listQuery, updateQuery, type KeyQuery, type KeySearch, type UpdateQuery } from './key-queries';
import { KeyListDto, KeyReplyDto, sessionBody, sessionExample } from './key.dto';
import { KeyRequests } from './key-requests';

const apiParam = { name: 'apiId', description: '`api_id`, or `-` for any', example: '-' };
const keyParam = { name: 'key', description: 'Token, chosen id, hash or username', example: 'a1b2c3d4e5f60718' };

/** Keys by the API that they have a right to, where clients since 0.9 look for them. */
@ApiTags('Keys')
@Controller('api/apis')
export class ApiKeysController {
  constructor(private readonly requests: KeyRequests) {}

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

  @Route.get(':apiId/keys/:key', {
    access: Requires('keys', 'read', 'Get Key'),
    id: 'getKeyOfApi',
    summary: 'Get a key with a right to an API',
    params: [apiParam, keyParam],
    reply: KeyReplyDto,
    tagged: true,
  })
  get(
    @OrganisationRequest() context: OrganisationContext,
    @Param('apiId') apiId: string,
    @Param('key') key: string,
    @AskedFor(keyQuery) query: KeyQuery,
  ): Promise<unknown> {
    return this.requests.get(context, { key, query, apiId: apiOf(apiId) });
  }

  @Route.put(':apiId/keys/:key', {
    access: Requires('keys', 'write', 'Update Key'),
    id: 'updateKeyOfApi',
    summary: 'Change fields of a key with a right to an API',
    params: [apiParam, keyParam],
    body: sessionBody,
    example: sessionExample,
    reply: KeyReplyDto,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('apiId') apiId: string,
    @Param('key') key: string,
    @AskedFor(updateQuery) query: UpdateQuery,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const resetsQuota = !query.suppress_reset;
    return this.requests.update(context, { key, query, apiId: apiOf(apiId) }, { body, precondition, resetsQuota });
  }

  @Route.delete(':apiId/keys/:key', {
    access: Requires('keys', 'write', 'Delete Key'),
    id: 'deleteKeyOfApi',
    summary: 'Delete a key with a right to an API',
    params: [apiParam, keyParam],
    reply: StatusReply,
    preconditioned: true,
    errors: [409],
  })
  remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('apiId') apiId: string,
    @Param('key') key: string,
    @AskedFor(keyQuery) query: KeyQuery,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    return this.requests.remove(context, { key, query, apiId: apiOf(apiId) }, precondition);
  }
}

const apiOf = (apiId: string): string | null => (apiId === '-' ? null : apiId);
