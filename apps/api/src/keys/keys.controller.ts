import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IdempotencyKey } from '../http/idempotency-key';
import { IfMatch, Precondition } from '../http/precondition';
import { AskedFor, type Asked } from '../http/query/query';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { createQuery, keyQuery, listQuery, validateQuery, type KeyQuery, type KeySearch } from './key-queries';
import { validating } from '../resources/dry-run';
import {
  DetailedKeysDto,
  keyExample,
  KeyListDto,
  KeyReplyDto,
  KeySearchDto,
  sessionBody,
  sessionExample,
} from './key.dto';
import { KeyRequests } from './key-requests';
import { keyParam, keyRoutes } from './key-routes';

const routes = keyRoutes({
  ...{ before: '', params: [], called: '' },
  summaries: {
    get: 'Get a key, with its live counters',
    update: 'Change fields of a key; its quota begins anew unless told not to',
    remove: 'Delete a key',
  },
  apiOf: () => null,
});

/** Keys of whatever API. */
@ApiTags('Keys')
@Controller('api/keys')
export class KeysController extends routes {
  constructor(private readonly requests: KeyRequests) {
    super(requests);
  }

  @Route.get('', {
    access: Requires('keys', 'read', 'List Keys'),
    id: 'listKeys',
    summary: 'Hashes of keys, the newest first',
    reply: KeyListDto,
    listed: true,
  })
  list(@OrganisationRequest() context: OrganisationContext, @AskedFor(listQuery) query: KeySearch): Promise<unknown> {
    return this.requests.list(context, query);
  }

  @Route.get('detailed', {
    access: Requires('keys', 'read', 'List Keys Detailed'),
    id: 'listKeysDetailed',
    summary: 'Keys with what the index knows of them',
    reply: DetailedKeysDto,
    listed: true,
  })
  detailed(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(listQuery) query: KeySearch,
  ): Promise<unknown> {
    return this.requests.detailed(context, query);
  }

  @Route.post('search', {
    access: Requires('keys', 'read', 'Search Keys'),
    id: 'searchKeys',
    summary: 'The key that a token belongs to; the token is hashed on arrival and written nowhere',
    body: KeySearchDto,
    example: { token: 'a1b2c3d4e5f60718' },
    reply: DetailedKeysDto,
  })
  search(@OrganisationRequest() context: OrganisationContext, @Body() body: KeySearchDto): Promise<DetailedKeysDto> {
    return this.requests.search(context, body.token);
  }

  @Route.post('preview', {
    access: Requires('keys', 'read', 'Preview Key'),
    id: 'previewKey',
    summary: 'What a body would become, with everything checked and nothing written',
    description:
      'With what its policies come to in numbers, on each generation of gateways that makes something else of them.',
    body: sessionBody,
    example: sessionExample,
    reply: KeyReplyDto,
  })
  preview(@OrganisationRequest() context: OrganisationContext, @Body() body: unknown): Promise<KeyReplyDto> {
    return this.requests.preview(context, body);
  }

  /** Asks for no more than the right to read, as that of every kind. */
  @Route.post('validate', {
    access: Requires('keys', 'read', 'Validate Key'),
    id: 'validateKey',
    ...validating,
    body: sessionBody,
    example: sessionExample,
    errors: [404, 409],
  })
  validate(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @AskedFor(validateQuery) { id }: Asked<typeof validateQuery>,
  ): Promise<StatusReply> {
    return this.requests.validate(context, body, id);
  }

  @Route.post('', {
    access: Requires('keys', 'write', 'Create Key'),
    id: 'createKey',
    summary: 'Make a key; `key_id` is its token, shown only now',
    description:
      'With an `Idempotency-Key` it is made once, however often the request comes: a repetition is answered with the same token. A user of `basic_auth` is made once in any case.',
    repeatable: true,
    body: sessionBody,
    example: sessionExample,
    reply: KeyReplyDto,
    tagged: true,
    errors: [409],
  })
  create(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @AskedFor(createQuery) query: Asked<typeof createQuery>,
    @IdempotencyKey() name: string | undefined,
  ): Promise<unknown> {
    return query.basic_auth ? this.requests.createUserOf(context, body) : this.requests.createOnce(context, body, name);
  }

  @Route.post(':key', {
    access: Requires('keys', 'write', 'Create Custom Key'),
    id: 'createCustomKey',
    summary: 'Make a key with an id of your choice',
    description: 'With a password it is a user of that name.',
    params: [keyParam],
    body: sessionBody,
    example: keyExample,
    reply: KeyReplyDto,
    tagged: true,
    errors: [409],
  })
  createCustom(
    @OrganisationRequest() context: OrganisationContext,
    @Param('key') id: string,
    @Body() body: unknown,
  ): Promise<unknown> {
    return this.requests.create(context, body, { id });
  }

  @Route.post(':key/reset', {
    access: Requires('keys', 'write', 'Reset Key Quota'),
    id: 'resetKeyQuota',
    summary: 'Let the quota of a key begin anew',
    params: [keyParam],
    reply: KeyReplyDto,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  reset(
    @OrganisationRequest() context: OrganisationContext,
    @Param('key') key: string,
    @AskedFor(keyQuery) query: KeyQuery,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    return this.requests.update(context, { key, query, apiId: null }, { body: {}, precondition, resetsQuota: true });
  }
}
