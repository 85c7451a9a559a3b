import { Controller, Param } from '@nestjs/common';
import { ApiExtraModels, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import type { OAuthClientRow } from '@castellan/persistence';
import { Requires } from '@castellan/rbac';
import { listParameters, pageCount, placeOf } from '../http/paging';
import { IfMatch, Precondition } from '../http/precondition';
import { integer } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { namesOf } from '../keys/key-identity';
import { resourceRoutes } from '../resources/resource-routes';
import type { Named } from '../resources/within';
import {
  OAuthClientDto,
  OAuthClientInput,
  OAuthClientListDto,
  OAuthTokenDto,
  OAuthTokenPagesDto,
} from './oauth-client.dto';
import { clientReply } from './oauth-client-content';
import { idOfClient, OAuthClientsService, type IssuedClient } from './oauth-clients.service';
import type { TokenPiece } from './token-list';

const listQuery = new RouteQuery(listParameters);
const tokensQuery = new RouteQuery({
  p: integer({
    description: 'A page of tokens with the number of pages, from 1; without it, a list of as many as fit',
    minimum: 1,
    maximum: 1_000_000,
  }),
  after: listParameters.after,
});

/** Tokens of a page. */
const tokenPage = 100;
/** Tokens of a list without pages. */
const mostTokens = 10_000;

const apiParam = { name: 'apiId', description: '`api_id` or database id', example: 'b84fe1a04e5648927971c0557971565c' };
const clientParam = { name: 'clientId', description: '`client_id`', example: 'mobile-app' };
const tokenParam = {
  name: 'token',
  description: 'The hash of an access token, or the token',
  example: 'a1b2c3d4e5f60718',
};
const input = { redirect_uri: 'https://app.example/callback', description: 'Our app' };

/** Clients are named within their API. */
export const withinApi = {
  params: [apiParam],
  idOf: ({ apiId = '', clientId = '' }: Named) => idOfClient({ apiId, clientId }),
  bodyOf: ({ apiId = '' }: Named, body: unknown) =>
    typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body, api_id: apiId } : body,
};

const routes = resourceRoutes<OAuthClientRow, IssuedClient>({
  kind: 'oauth_client',
  called: 'OAuth client',
  id: clientParam,
  within: withinApi,
  input: OAuthClientInput,
  shown: OAuthClientDto,
  example: input,
  get: { summary: 'Get a client' },
  create: { summary: 'Make a client; its secret is shown only now' },
  update: { summary: 'Change fields of a client; those that are left out stay' },
  remove: { summary: 'Delete a client, and end its tokens' },
  errors: [409],
  removeErrors: [409],
  replies: {
    created: OAuthClientDto,
    written: OAuthClientDto,
    removed: StatusReply,
    text: (row) => JSON.stringify(clientReply(row)),
    create: (row) => clientReply(row, row.secret),
    update: (row) => clientReply(row),
    remove: () => new StatusReply('OAuth client deleted successfully.'),
  },
});

/** OAuth clients of an API, and their tokens (docs/tyk/oauth.md). */
@ApiTags('OAuth clients')
@ApiExtraModels(OAuthTokenDto, OAuthTokenPagesDto)
@Controller('api/apis/oauth/:apiId')
export class OAuthClientsController extends routes {
  constructor(private readonly clients: OAuthClientsService) {
    super(clients);
  }

  @Route.get('', {
    access: Requires('oauth', 'read', 'List OAuth Clients'),
    id: 'listOAuthClients',
    summary: 'Clients of an API, the oldest first',
    params: [apiParam],
    reply: OAuthClientListDto,
    listed: true,
  })
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('apiId') apiId: string,
    @AskedFor(listQuery) query: Asked<typeof listQuery>,
  ): Promise<unknown> {
    const place = placeOf(query);
    const { rows, total, next } = await this.clients.page(organisation, apiId, place);
    const apps = rows.map((row) => clientReply(row));
    return piece(next, { apps, pages: pageCount(total, place, this.clients.pageSize) });
  }

  @Route.put(':clientId/rotate', {
    access: Requires('oauth', 'write', 'Rotate OAuth Client Secret'),
    id: 'rotateOAuthClientSecret',
    summary: 'Give a client a new secret, shown only now; its tokens go on',
    params: [apiParam, clientParam],
    reply: OAuthClientDto,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async rotate(
    @OrganisationRequest() context: OrganisationContext,
    @Param('apiId') apiId: string,
    @Param('clientId') clientId: string,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const row = await this.clients.rotate(context, idOfClient({ apiId, clientId }), precondition);
    return tagged(row, clientReply(row, row.secret));
  }

  @Route.get(':clientId/tokens', {
    access: Requires('oauth', 'read', 'List OAuth Tokens'),
    id: 'listOAuthTokens',
    summary: 'Access tokens of a client that have not ended, the first to end first',
    description: 'What is asked for by `after` comes in the form of a page.',
    params: [apiParam, clientParam],
    listed: true,
    reply: {
      schema: {
        oneOf: [
          { type: 'array', items: { $ref: getSchemaPath(OAuthTokenDto) } },
          { $ref: getSchemaPath(OAuthTokenPagesDto) },
        ],
      },
    },
  })
  async tokens(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('apiId') apiId: string,
    @Param('clientId') clientId: string,
    @AskedFor(tokensQuery) query: Asked<typeof tokensQuery>,
  ): Promise<unknown> {
    const asked = tokenPieceOf(query);
    const found = await this.clients.tokensOf(organisation, idOfClient({ apiId, clientId }), asked);
    const list: OAuthTokenDto[] = found.tokens.map(({ hash, expires }) => ({ code: hash, expires }));
    if (asked.most === mostTokens) return piece(found.next, list);
    const pagination = {
      page_num: Math.floor(found.before / tokenPage) + 1,
      page_total: Math.ceil(found.total / tokenPage),
      page_size: tokenPage,
    };
    return piece(found.next, { Pagination: pagination, Tokens: list });
  }

  @Route.delete(':clientId/tokens', {
    access: Requires('oauth', 'write', 'Revoke OAuth Tokens'),
    id: 'revokeOAuthTokens',
    summary: 'End all tokens of a client, refresh tokens too',
    params: [apiParam, clientParam],
    reply: StatusReply,
  })
  async revokeAll(
    @OrganisationRequest() context: OrganisationContext,
    @Param('apiId') apiId: string,
    @Param('clientId') clientId: string,
  ): Promise<StatusReply> {
    await this.clients.revokeAll(context, idOfClient({ apiId, clientId }));
    return new StatusReply('tokens revoked successfully');
  }

  @Route.delete(':clientId/tokens/:token', {
    access: Requires('oauth', 'write', 'Revoke OAuth Token'),
    id: 'revokeOAuthToken',
    summary: 'End an access token of a client, and its refresh token',
    params: [apiParam, clientParam, tokenParam],
    reply: StatusReply,
  })
  async revoke(
    @OrganisationRequest() context: OrganisationContext,
    @Param('apiId') apiId: string,
    @Param('clientId') clientId: string,
    @Param('token') token: string,
  ): Promise<StatusReply> {
    await this.clients.revoke(context, idOfClient({ apiId, clientId }), token, namesOf(context.organisation, token));
    return new StatusReply('token revoked successfully');
  }
}

/** @throws ValidationFailed when both ways are asked for */
const tokenPieceOf = ({ p, after }: Asked<typeof tokensQuery>): TokenPiece => {
  if (p === undefined && after === undefined) return { place: { skip: 0 }, most: mostTokens };
  const place = placeOf({ p: p ?? 1, after });
  if ('after' in place) return { place, most: tokenPage };
  return { place: { skip: ((place.page ?? 1) - 1) * tokenPage }, most: tokenPage };
};
