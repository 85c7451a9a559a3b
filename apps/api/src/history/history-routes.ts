import { Body, Controller, Inject, Param, ParseIntPipe, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdReply, int32, StatusReply } from '@castellan/dto';
import type { ResourceRow } from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { tagged } from '../http/reply-headers';
import { listParameters, placeOf } from '../http/paging';
import { integer } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece } from '../http/reply-headers';
import { Route } from '../http/route';
import { HistoryService, summaryOf, type Traced } from './history.service';
import { RoutesOf } from '../ownership/kind-routes';
import { Sights } from '../ownership/sights';
import { sectionedKind } from '../resources/kind-rights';
import type { ResourceService } from '../resources/resource.service';
import { byIdAlone, type Named, type Within } from '../resources/within';
import {
  DeletedListDto,
  RevisionDiffDto,
  RevisionDto,
  RevisionListDto,
  RollbackInput,
  type DeletedResourceDto,
} from './revision.dto';

/** What the routes of a kind's history need to know of the kind. */
export interface ChangesOf {
  /** Under which the kind's own routes are, such as `api/apis`. */
  readonly path: string;
  readonly tag: string;
  /** The name of the kind. */
  readonly kind: string;
  /** What paths name before the id, and by what the id goes; nothing and `id` when left out. */
  readonly within?: Within & { readonly idName: string };
  readonly service: abstract new (...parameters: never[]) => unknown;
}

/** The same of a history of whole documents. */
export interface HistoryOf extends ChangesOf {
  /** Where the name stands in a document. */
  readonly nameOf: (document: JsonObject) => string;
}

const idAlone = { ...byIdAlone('id'), idName: 'id' };

const listQuery = new RouteQuery(listParameters);
const diffQuery = new RouteQuery({
  against: integer({ description: 'The revision before it when left out', minimum: 0 }),
});

const idParam = (noun: string): { name: string; description: string } => ({
  name: 'id',
  description: `Id of the ${noun}`,
});

const numberParam = {
  name: 'n',
  description: 'Number of the revision',
  schema: { ...int32, minimum: 1 },
  example: 1,
};

/** What became of resources of one kind: who changed what and when. */
interface RevisionRoutes {
  readonly resource: Traced;
  readonly history: HistoryService;
}

type RevisionRoutesClass = abstract new (resource: Traced, history: HistoryService) => RevisionRoutes;

/** The routes that every history has, of whole documents or not. */
const revisionRoutes = ({ kind, within = idAlone }: ChangesOf): RevisionRoutesClass => {
  const { noun, spoken, section } = sectionedKind(kind);
  const { idName, idOf } = within;
  const params = [...within.params, { ...idParam(spoken.one), name: idName }];

  @RoutesOf(kind)
  abstract class Routes implements RevisionRoutes {
    constructor(
      readonly resource: Traced,
      readonly history: HistoryService,
    ) {}

    @Route.get(`:${idName}/revisions`, {
      access: Requires(section, 'read', `List ${spoken.one} Revisions`),
      id: `list${noun}Revisions`,
      summary: 'The history, the newest first; also of what was deleted',
      description: 'Each change is one revision: who, when, why and what.',
      params,
      reply: RevisionListDto,
      listed: true,
    })
    async list(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param() named: Named,
      @AskedFor(listQuery) query: Asked<typeof listQuery>,
    ): Promise<unknown> {
      const { list, next } = await this.history.list(this.resource, organisation, idOf(named), placeOf(query));
      return piece(next, list);
    }

    @Route.get(`:${idName}/revisions/:n`, {
      access: Requires(section, 'read', `Get ${spoken.one} Revision`),
      id: `get${noun}Revision`,
      summary: 'One state of the past, and what changed then',
      description: 'The document as it was, with the difference from the revision before.',
      params: [...params, numberParam],
      reply: RevisionDto,
    })
    async get(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param() named: Named,
      @Param('n', ParseIntPipe) number: number,
    ): Promise<RevisionDto> {
      return this.history.get(this.resource, organisation, idOf(named), number);
    }
  }
  return Routes;
};

/** The history of a kind that keeps no documents: revisions, with digests in the place of values that may not be shown. */
export const changesController = (about: ChangesOf): Type => {
  const { path, tag, service } = about;
  @ApiTags(tag)
  @Controller(path)
  class ChangesController extends revisionRoutes(about) {
    constructor(@Inject(service) resource: Traced, history: HistoryService) {
      super(resource, history);
    }
  }
  return ChangesController;
};

/** The history of a kind that keeps whole documents: revisions, diff, rollback, what was deleted, and restore. */
export const historyController = (about: HistoryOf): Type => {
  const { kind, path, tag, service, nameOf } = about;
  const { noun, plural, spoken, section } = sectionedKind(kind);

  @ApiTags(tag)
  @Controller(path)
  class HistoryController extends revisionRoutes(about) {
    constructor(
      @Inject(service) override readonly resource: ResourceService<ResourceRow>,
      history: HistoryService,
      private readonly sights: Sights,
    ) {
      super(resource, history);
    }

    @Route.get('deleted', {
      access: Requires(section, 'read', `List Deleted ${spoken.several}`),
      id: `listDeleted${plural}`,
      summary: 'What was deleted and can be restored',
      description: 'The newest deletion first.',
      reply: DeletedListDto,
    })
    async deleted(@OrganisationRequest() context: OrganisationContext): Promise<DeletedListDto> {
      const sight = await this.sights.of(context);
      const gone = await this.history.deleted(this.resource, context.organisation, nameOf, sight);
      return {
        deleted: gone.map(({ revision, name }): DeletedResourceDto => {
          return { id: revision.resourceId.toString(), name, ...summaryOf(revision) };
        }),
      };
    }

    @Route.get(':id/revisions/:n/diff', {
      access: Requires(section, 'read', `Compare ${spoken.one} Revisions`),
      id: `diff${noun}Revisions`,
      summary: 'What leads from one revision to another',
      description: 'From the revision before when `against` is left out.',
      params: [idParam(spoken.one), numberParam],
      reply: RevisionDiffDto,
    })
    async diff(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param('id') id: string,
      @Param('n', ParseIntPipe) number: number,
      @AskedFor(diffQuery) { against }: Asked<typeof diffQuery>,
    ): Promise<RevisionDiffDto> {
      return this.history.diff(this.resource, organisation, id, number, against ?? number - 1);
    }

    @Route.post(':id/rollback', {
      access: Requires(section, 'write', `Rollback ${spoken.one}`),
      id: `rollback${noun}`,
      summary: 'Make the content of an earlier revision the newest one',
      description: 'Nothing is lost: it is a new revision with the old content. Rights and owners stay as they are.',
      example: { revision: 1 },
      params: [idParam(spoken.one)],
      body: RollbackInput,
      reply: IdReply,
      tagged: true,
      preconditioned: true,
      errors: [409],
    })
    async rollback(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @Body() { revision }: RollbackInput,
      @IfMatch() precondition: Precondition,
    ): Promise<unknown> {
      const row = await this.resource.rollback(context, id, revision, precondition);
      return tagged(row, new StatusReply(`Rolled back to revision ${revision}`, row._id.toString()));
    }

    @Route.post(':id/restore', {
      access: Requires(section, 'write', `Restore ${spoken.one}`),
      id: `restore${noun}`,
      summary: 'Bring back what was deleted, with its ids',
      description: 'With the content that it had last.',
      params: [idParam(spoken.one)],
      reply: IdReply,
      tagged: true,
      errors: [409],
    })
    async restore(@OrganisationRequest() context: OrganisationContext, @Param('id') id: string): Promise<unknown> {
      const row = await this.resource.restore(context, id);
      return tagged(row, new StatusReply('Restored', row._id.toString()));
    }
  }

  return HistoryController;
};
