import { Body, Controller, Inject, Param, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { kindNamed } from '@castellan/persistence';
import { Requires, type Section } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { listParameters, placeOf } from '../http/paging';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { AccessDto, AccessRevisionListDto } from './access.dto';
import { AccessService, type Access, type OwnedResource } from './access.service';

/** What the routes of owners need to know of the kind. */
export interface AccessOf {
  readonly path: string;
  readonly tag: string;
  /** The name of the kind. */
  readonly kind: string;
  readonly section: Section;
  /** As replies call it, and as summaries do. */
  readonly called: string;
  readonly one: string;
  readonly param: { readonly name: string; readonly description: string; readonly example: string };
  readonly service: abstract new (...parameters: never[]) => unknown;
}

const revisionsQuery = new RouteQuery(listParameters);

/** The routes of who owns the resources of a kind. */
export const accessController = ({ path, tag, kind, section, called, one, param, service }: AccessOf): Type => {
  const { noun } = kindNamed(kind);

  @ApiTags(tag)
  @Controller(path)
  class AccessController {
    constructor(
      @Inject(service) private readonly resource: OwnedResource,
      private readonly owners: AccessService,
    ) {}

    @Route.get(':id/access', {
      access: Requires(section, 'read', `Get ${called} Access`),
      id: `get${noun}Access`,
      summary: `The users and user groups that own ${one}`,
      description: 'One without owners is everybody’s whose rights reach it.',
      params: [param],
      reply: AccessDto,
    })
    async access(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param('id') id: string,
    ): Promise<Access> {
      return this.owners.of(this.resource, organisation, id);
    }

    @Route.get(':id/access/revisions', {
      access: Requires(section, 'read', `List ${called} Access Revisions`),
      id: `list${noun}AccessRevisions`,
      summary: `Every change of who owns ${one}, the newest first; also of what was deleted`,
      description:
        'Owners are no content: a rollback leaves them, and this history is kept apart from that of the content.',
      params: [param],
      reply: AccessRevisionListDto,
      listed: true,
    })
    async revisions(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param('id') id: string,
      @AskedFor(revisionsQuery) query: Asked<typeof revisionsQuery>,
    ): Promise<unknown> {
      const { list, next } = await this.owners.revisions(this.resource, organisation, id, placeOf(query));
      return piece(next, list);
    }

    @Route.put(':id/access', {
      access: Requires(section, 'write', `Update ${called} Access`),
      id: `update${noun}Access`,
      summary: `Replace the users and user groups that own ${one}`,
      description:
        'Empty lists give it back to everybody whose rights reach it. Owners restrict others only where the organisation has `enable_ownership` set.',
      example: { userIds: [], userGroupIds: [] },
      params: [param],
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
      const row = await this.owners.set(this.resource, context, id, access, precondition);
      return tagged(row, new StatusReply(`${called} access updated`));
    }
  }

  return AccessController;
};
