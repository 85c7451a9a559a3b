import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  ParseIntPipe,
  Post,
  Query,
  Res,
  type Type,
} from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import type { ResourceRow } from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import { Requires, type Section } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { pageFrom } from '../http/paging';
import { etagOf, IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { HistoryService, summaryOf } from './history.service';
import type { ResourceService } from '../resources/resource.service';
import {
  DeletedListDto,
  RevisionDiffDto,
  RevisionDto,
  RevisionListDto,
  RollbackInput,
  type DeletedResourceDto,
} from './revision.dto';

/** What the routes of a kind's history need to know of the kind. */
export interface HistoryOf {
  /** Under which the kind's own routes are, such as `api/apis`. */
  readonly path: string;
  readonly tag: string;
  /** Singular, as it ends operation ids: `Api`, `Policy`, `Hook`. */
  readonly noun: string;
  readonly section: Section;
  readonly service: abstract new (...parameters: never[]) => unknown;
  /** Where the name stands in a document. */
  readonly nameOf: (document: JsonObject) => string;
}

const idParam = (noun: string): { name: string; description: string } => ({
  name: 'id',
  description: `Id of the ${noun}`,
});

/** The history routes of one kind of resource: revisions, diff, rollback, what was deleted, and restore. */
export const historyController = (kind: HistoryOf): Type => {
  const { path, tag, noun, section, service, nameOf } = kind;
  const plural = noun.replace(/y$/, 'ie') + 's';

  @ApiTags(tag)
  @Controller(path)
  class HistoryController {
    constructor(
      @Inject(service) private readonly resource: ResourceService<ResourceRow>,
      private readonly history: HistoryService,
    ) {}

    @Get('deleted')
    @Requires(section, 'read', `List Deleted ${plural}`)
    @ApiOperation({ operationId: `listDeleted${plural}`, summary: 'What was deleted and can be restored' })
    @ApiOkResponse({ type: DeletedListDto })
    @ApiErrors(401, 403)
    async deleted(@OrganisationRequest() { organisation }: OrganisationContext): Promise<DeletedListDto> {
      const gone = await this.history.deleted(this.resource, organisation, nameOf);
      return {
        deleted: gone.map(({ revision, name }): DeletedResourceDto => {
          return { id: revision.resourceId.toString(), name, ...summaryOf(revision) };
        }),
      };
    }

    @Get(':id/revisions')
    @Requires(section, 'read', `List ${noun} Revisions`)
    @ApiOperation({
      operationId: `list${noun}Revisions`,
      summary: 'The history, the newest first; also of what was deleted',
    })
    @ApiParam(idParam(noun))
    @ApiQuery({ name: 'p', required: false, description: 'Page, from 1; a negative number gives everything' })
    @ApiOkResponse({ type: RevisionListDto })
    @ApiErrors(401, 403, 404)
    async list(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param('id') id: string,
      @Query('p') p?: string,
    ): Promise<RevisionListDto> {
      return this.history.list(this.resource, organisation, id, pageFrom(p));
    }

    @Get(':id/revisions/:n')
    @Requires(section, 'read', `Get ${noun} Revision`)
    @ApiOperation({ operationId: `get${noun}Revision`, summary: 'One state of the past, and what changed then' })
    @ApiParam(idParam(noun))
    @ApiParam({ name: 'n', type: Number })
    @ApiOkResponse({ type: RevisionDto })
    @ApiErrors(400, 401, 403, 404)
    async get(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param('id') id: string,
      @Param('n', ParseIntPipe) number: number,
    ): Promise<RevisionDto> {
      return this.history.get(this.resource, organisation, id, number);
    }

    @Get(':id/revisions/:n/diff')
    @Requires(section, 'read', `Compare ${noun} Revisions`)
    @ApiOperation({ operationId: `diff${noun}Revisions`, summary: 'What leads from one revision to another' })
    @ApiParam(idParam(noun))
    @ApiParam({ name: 'n', type: Number })
    @ApiQuery({ name: 'against', required: false, type: Number, description: 'The revision before it when left out' })
    @ApiOkResponse({ type: RevisionDiffDto })
    @ApiErrors(400, 401, 403, 404)
    async diff(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param('id') id: string,
      @Param('n', ParseIntPipe) number: number,
      @Query('against', new ParseIntPipe({ optional: true })) against?: number,
    ): Promise<RevisionDiffDto> {
      return this.history.diff(this.resource, organisation, id, number, against ?? number - 1);
    }

    @Post(':id/rollback')
    @HttpCode(200)
    @Requires(section, 'write', `Rollback ${noun}`)
    @ApiOperation({ operationId: `rollback${noun}`, summary: 'Make the content of an earlier revision the newest one' })
    @ApiParam(idParam(noun))
    @ApiHeader({ name: 'If-Match', required: false, description: 'Only when the version is still this one' })
    @ApiBody({ type: RollbackInput })
    @ApiOkResponse({ type: StatusReply })
    @ApiErrors(400, 401, 403, 404, 409, 412, 428)
    async rollback(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @Body() { revision }: RollbackInput,
      @IfMatch() precondition: Precondition,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<StatusReply> {
      const row = await this.resource.rollback(context, id, revision, precondition);
      void reply.header('etag', etagOf(row.version));
      return new StatusReply(`Rolled back to revision ${revision}`, row._id.toString());
    }

    @Post(':id/restore')
    @HttpCode(200)
    @Requires(section, 'write', `Restore ${noun}`)
    @ApiOperation({ operationId: `restore${noun}`, summary: 'Bring back what was deleted, with its ids' })
    @ApiParam(idParam(noun))
    @ApiOkResponse({ type: StatusReply })
    @ApiErrors(400, 401, 403, 404, 409)
    async restore(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<StatusReply> {
      const row = await this.resource.restore(context, id);
      void reply.header('etag', etagOf(row.version));
      return new StatusReply('Restored', row._id.toString());
    }
  }

  return HistoryController;
};
