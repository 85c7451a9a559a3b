import { Body, Param, Res, type Type } from '@nestjs/common';
import type { ApiParamOptions } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import type { ResourceRow } from '@castellan/persistence';
import { Requires } from '@castellan/rbac';
import type { ErrorStatus } from '../http/api-errors.decorator';
import { IfMatch, Precondition } from '../http/precondition';
import { decisiveChoice, text, type Parameter } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { sendResource } from '../http/text-reply';
import { dryRunChanges, ValidReply } from './dry-run';
import { RoutesOf } from '../ownership/kind-routes';
import { sectionedKind } from './kind-rights';
import type { ResourceService } from './resource.service';

/** What the OpenAPI document says of a route. */
interface Told {
  readonly summary: string;
  readonly description?: string;
}

/** What a kind says of the routes that read and write one resource; what follows from it is not said again. */
export interface ResourceRoutesOf<Row> {
  /** The name of the kind, of which follows how operations and logs call one and whose rights the routes ask for. */
  readonly kind: string;
  /** How replies call one, where that is another word than its noun. */
  readonly called?: string;
  readonly id: ApiParamOptions;
  readonly input: Type;
  /** The body of a change, for kinds that keep what a change does not say. */
  readonly change?: Type;
  readonly shown: Type;
  /** A body that a fresh installation takes as it is. */
  readonly example?: object;
  /** The same for a change. */
  readonly changeExample?: object;
  readonly get: Told;
  readonly create: Told;
  readonly update: Told;
  readonly remove: Told;
  /** What `force` does to whatever refers to the resource; without it a removal cannot be forced. */
  readonly force?: string;
  /** Clients expect 201 of a creation. */
  readonly creates?: boolean;
  /** Errors of writes that do not follow from the rest. */
  readonly errors: readonly ErrorStatus[];
  /** Those of a creation, where they are others. */
  readonly createErrors?: readonly ErrorStatus[];
  /** Those of a removal; by itself a conflict for what can be forced. */
  readonly removeErrors?: readonly ErrorStatus[];
  /** The replies, in the shapes that clients of this kind know. */
  readonly replies: {
    readonly created: Type;
    readonly written: Type;
    readonly text: (row: Row) => string;
    readonly create: (row: Row) => object;
    readonly update: (row: Row) => object;
    readonly remove: () => object;
  };
}

/** What a controller of a kind extends: the routes of one resource, declared once for all kinds. */
interface ResourceRoutes<Row extends ResourceRow> {
  readonly resources: ResourceService<Row>;
  /** Whether a removal that does not say so is forced. */
  forces(): boolean;
}

type ResourceRoutesClass<Row extends ResourceRow> = abstract new (
  resources: ResourceService<Row>,
) => ResourceRoutes<Row>;

/** Get, create, validate, replace and delete of a kind. Lists differ from kind to kind and are the controller's own. */
export const resourceRoutes = <Row extends ResourceRow>(about: ResourceRoutesOf<Row>): ResourceRoutesClass<Row> => {
  const { noun, spoken, section } = sectionedKind(about.kind);
  const { called = noun, id: idParam, input, change = input, errors, replies } = about;
  const { example, changeExample = example, createErrors = errors } = about;
  const bodyOf = { ...(example === undefined ? {} : { example }), body: input };
  const changeOf = { ...(changeExample === undefined ? {} : { example: changeExample }), body: change };
  const validateQuery = new RouteQuery({
    id: text({ description: `The ${called.toLowerCase()} that it would replace; none for a new one` }),
  });
  const removeQuery: RouteQuery<Readonly<Record<string, Parameter<boolean | undefined>>>> = new RouteQuery(
    about.force === undefined
      ? {}
      : { force: decisiveChoice({ description: `${about.force}; left out, what \`CASTELLAN_DELETE_IN_USE\` says` }) },
  );

  @RoutesOf(about.kind)
  abstract class Routes implements ResourceRoutes<Row> {
    constructor(readonly resources: ResourceService<Row>) {}

    forces(): boolean {
      return false;
    }

    @Route.get(':id', {
      access: Requires(section, 'read', `Get ${spoken.one}`),
      id: `get${noun}`,
      ...about.get,
      params: [idParam],
      reply: about.shown,
      tagged: true,
    })
    async get(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param('id') id: string,
      @Res() reply: FastifyReply,
    ): Promise<void> {
      const row = await this.resources.require(organisation, id);
      sendResource(reply, row.version, replies.text(row));
    }

    @Route.post('', {
      access: Requires(section, 'write', `Create ${spoken.one}`),
      id: `create${noun}`,
      ...about.create,
      ...bodyOf,
      reply: replies.created,
      ...(about.creates === true ? { creates: true } : {}),
      tagged: true,
      errors: createErrors,
    })
    async create(@OrganisationRequest() context: OrganisationContext, @Body() body: unknown): Promise<unknown> {
      const row = await this.resources.create(context, body);
      return tagged(row, replies.create(row));
    }

    /** Asks for no more than the right to read: it changes nothing, and pipelines that only propose should hold no more. */
    @Route.post('validate', {
      access: Requires(section, 'read', `Validate ${spoken.one}`),
      id: `validate${noun}`,
      summary: 'Check everything that a write would, and write nothing',
      description: 'Says every error that a write would, and what it would change.',
      ...bodyOf,
      reply: ValidReply,
      errors: [404, ...errors],
    })
    async validate(
      @OrganisationRequest() context: OrganisationContext,
      @Body() body: unknown,
      @AskedFor(validateQuery) { id }: Asked<typeof validateQuery>,
    ): Promise<StatusReply> {
      const changes = await this.resources.dryRun(context, body, id);
      return new StatusReply(`${called} is valid`, { changes: await dryRunChanges(changes) });
    }

    @Route.put(':id', {
      access: Requires(section, 'write', `Update ${spoken.one}`),
      id: `update${noun}`,
      ...about.update,
      ...changeOf,
      params: [idParam],
      reply: replies.written,
      tagged: true,
      preconditioned: true,
      errors,
    })
    async update(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @Body() body: unknown,
      @IfMatch() precondition: Precondition,
    ): Promise<unknown> {
      const row = await this.resources.update(context, id, body, precondition);
      return tagged(row, replies.update(row));
    }

    @Route.delete(':id', {
      access: Requires(section, 'write', `Delete ${spoken.one}`),
      id: `delete${noun}`,
      ...about.remove,
      params: [idParam],
      reply: replies.written,
      preconditioned: true,
      errors: about.removeErrors ?? (about.force === undefined ? [] : [409]),
    })
    async remove(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @IfMatch() precondition: Precondition,
      @AskedFor(removeQuery) { force }: Asked<typeof removeQuery>,
    ): Promise<unknown> {
      await this.resources.remove(context, id, precondition, { force: force ?? this.forces() });
      return replies.remove();
    }
  }
  return Routes;
};
