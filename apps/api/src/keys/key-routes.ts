import { Body, Param } from '@nestjs/common';
import type { ApiParamOptions } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { AskedFor } from '../http/query/query';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import type { Named } from '../resources/within';
import { keyQuery, updateQuery, type KeyQuery, type UpdateQuery } from './key-queries';
import { KeyDeletedDto, KeyReplyDto, sessionBody, sessionExample } from './key.dto';
import type { KeyRequests } from './key-requests';

export const keyParam = { name: 'key', description: 'Token, chosen id, hash or username', example: 'a1b2c3d4e5f60718' };

/** What a path says of the routes of one key. */
interface KeyRoutesOf {
  /** What stands in the path before the key, slashes included. */
  readonly before: string;
  readonly params: readonly ApiParamOptions[];
  /** What names of operations end in, behind the noun. */
  readonly called: string;
  readonly summaries: { readonly get: string; readonly update: string; readonly remove: string };
  /** The API to which a key has to have a right; null for any. */
  readonly apiOf: (named: Named) => string | null;
}

interface KeyRoutes {
  readonly keys: KeyRequests;
}

/** Get, change and delete of a key, at whichever path. */
export const keyRoutes = (about: KeyRoutesOf): abstract new (keys: KeyRequests) => KeyRoutes => {
  const path = `${about.before}:key`;
  const params = [...about.params, keyParam];
  const namedBy = (named: Named, query: KeyQuery) => ({ key: named['key'] ?? '', query, apiId: about.apiOf(named) });

  abstract class Routes implements KeyRoutes {
    constructor(readonly keys: KeyRequests) {}

    @Route.get(path, {
      access: Requires('keys', 'read', 'Get Key'),
      id: `getKey${about.called}`,
      summary: about.summaries.get,
      params,
      reply: KeyReplyDto,
      tagged: true,
    })
    get(
      @OrganisationRequest() context: OrganisationContext,
      @Param() named: Named,
      @AskedFor(keyQuery) query: KeyQuery,
    ): Promise<unknown> {
      return this.keys.get(context, namedBy(named, query));
    }

    @Route.put(path, {
      access: Requires('keys', 'write', 'Update Key'),
      id: `updateKey${about.called}`,
      summary: about.summaries.update,
      params,
      body: sessionBody,
      example: sessionExample,
      reply: KeyReplyDto,
      tagged: true,
      preconditioned: true,
      errors: [409],
    })
    update(
      @OrganisationRequest() context: OrganisationContext,
      @Param() named: Named,
      @AskedFor(updateQuery) query: UpdateQuery,
      @Body() body: unknown,
      @IfMatch() precondition: Precondition,
    ): Promise<unknown> {
      const resetsQuota = !query.suppress_reset;
      return this.keys.update(context, namedBy(named, query), { body, precondition, resetsQuota });
    }

    @Route.delete(path, {
      access: Requires('keys', 'write', 'Delete Key'),
      id: `deleteKey${about.called}`,
      summary: about.summaries.remove,
      params,
      reply: KeyDeletedDto,
      preconditioned: true,
      errors: [409],
    })
    remove(
      @OrganisationRequest() context: OrganisationContext,
      @Param() named: Named,
      @AskedFor(keyQuery) query: KeyQuery,
      @IfMatch() precondition: Precondition,
    ): Promise<KeyDeletedDto> {
      return this.keys.remove(context, namedBy(named, query), precondition);
    }
  }
  return Routes;
};
