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
import { dryRunChanges, validating } from './dry-run';
import { RoutesOf } from '../ownership/kind-routes';
import { sectionedKind } from './kind-rights';
import type { ResourceService } from './resource.service';
import { byIdAlone, type Named, type Within } from './within';

/** What the OpenAPI document says of a route. */
interface Told {
  readonly summary: string;
  readonly description?: string;
}

/** What a kind says of the routes that read and write one resource; what follows from it is not said again. */
export interface ResourceRoutesOf<Row, Made = Row> {
  /** The name of the kind, of which follows how operations and logs call one and whose rights the routes ask for. */
  readonly kind: string;
  /** How replies call one, where that is another word than its noun. */
  readonly called?: string;
  readonly id: ApiParamOptions & { readonly name: string };
  /** What paths name before the id; nothing when left out. */
  readonly within?: Within;
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
    /** That of a removal, where it is another one. */
    readonly removed?: Type;
    /** Null for a kind whose controller makes the text, for which it has to ask somebody else. */
    readonly text: ((row: Row) => string) | null;
    readonly create: (row: Made) => object;
    readonly update: (row: Row) => object;
    readonly remove: () => object;
  };
}

/** What a controller of a kind extends: the routes of one resource, declared once for all kinds. */
interface ResourceRoutes<Row extends ResourceRow, Made extends Row> {
  readonly resources: Written<Row, Made>;
  /** Whether a removal that does not say so is forced. */
  forces(): boolean;
  /** One resource that is being read, as it is shown. */
  shown(id: string, reading: Promise<Row>): Promise<ShownResource>;
  /** Asks before a creation or a change for what the caller has to show beside the right; nothing for most kinds. */
  prove(asked: WriteAsked): Promise<void>;
}

/** The text of a resource, and the version that it is of. */
export interface ShownResource {
  readonly version: number;
  readonly text: string;
}

/** A write that somebody asks for. */
export interface WriteAsked {
  readonly context: OrganisationContext;
  /** Null for a creation. */
  readonly id: string | null;
  readonly body: unknown;
}

/** A service whose new rows come with what is known of them only now, such as a secret. */
type Written<Row extends ResourceRow, Made extends Row> = Omit<ResourceService<Row>, 'create'> & {
  create(context: OrganisationContext, body: unknown): Promise<Made>;
};

type ResourceRoutesClass<Row extends ResourceRow, Made extends Row> = abstract new (
  resources: Written<Row, Made>,
) => ResourceRoutes<Row, Made>;

/** Get, create, validate, replace and delete of a kind. Lists differ from kind to kind and are the controller's own. */
export const resourceRoutes = <Row extends ResourceRow, Made extends Row = Row>(
  about: ResourceRoutesOf<Row, Made>,
): ResourceRoutesClass<Row, Made> => {
  const { noun, spoken, section } = sectionedKind(about.kind);
  const { called = noun, id: idParam, input, change = input, errors, replies } = about;
  const { example, changeExample = example, createErrors = errors } = about;
  const { within = byIdAlone(idParam.name) } = about;
  const path = `:${idParam.name}`;
  const params = [...within.params, idParam];
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
  abstract class Routes implements ResourceRoutes<Row, Made> {
    constructor(readonly resources: Written<Row, Made>) {}

    forces(): boolean {
      return false;
    }

    async shown(_: string, reading: Promise<Row>): Promise<ShownResource> {
      if (replies.text === null) throw new Error(`The controller of ${about.kind} does not say how one is shown`);
      const row = await reading;
      return { version: row.version, text: replies.text(row) };
    }

    prove(_: WriteAsked): Promise<void> {
      return Promise.resolve();
    }

    @Route.get(path, {
      access: Requires(section, 'read', `Get ${spoken.one}`),
      id: `get${noun}`,
      ...about.get,
      params,
      reply: about.shown,
      tagged: true,
    })
    async get(
      @OrganisationRequest() { organisation }: OrganisationContext,
      @Param() named: Named,
      @Res() reply: FastifyReply,
    ): Promise<void> {
      const id = within.idOf(named);
      const { version, text } = await this.shown(id, this.resources.require(organisation, id));
      sendResource(reply, version, text);
    }

    @Route.post('', {
      access: Requires(section, 'write', `Create ${spoken.one}`),
      id: `create${noun}`,
      ...about.create,
      ...bodyOf,
      params: within.params,
      reply: replies.created,
      ...(about.creates === true ? { creates: true } : {}),
      tagged: true,
      errors: createErrors,
    })
    async create(
      @OrganisationRequest() context: OrganisationContext,
      @Param() named: Named,
      @Body() body: unknown,
    ): Promise<unknown> {
      await this.prove({ context, id: null, body });
      const row = await this.resources.create(context, within.bodyOf(named, body));
      return tagged(row, replies.create(row));
    }

    /** Asks for no more than the right to read: it changes nothing, and pipelines that only propose should hold no more. */
    @Route.post('validate', {
      access: Requires(section, 'read', `Validate ${spoken.one}`),
      id: `validate${noun}`,
      ...validating,
      ...bodyOf,
      params: within.params,
      errors: [404, ...errors],
    })
    async validate(
      @OrganisationRequest() context: OrganisationContext,
      @Param() named: Named,
      @Body() body: unknown,
      @AskedFor(validateQuery) { id }: Asked<typeof validateQuery>,
    ): Promise<StatusReply> {
      const changes = await this.resources.dryRun(
        context,
        within.bodyOf(named, body),
        id === undefined ? undefined : within.idOf({ ...named, [idParam.name]: id }),
      );
      return new StatusReply(`${called} is valid`, { changes: await dryRunChanges(changes) });
    }

    @Route.put(path, {
      access: Requires(section, 'write', `Update ${spoken.one}`),
      id: `update${noun}`,
      ...about.update,
      ...changeOf,
      params,
      reply: replies.written,
      tagged: true,
      preconditioned: true,
      errors,
    })
    async update(
      @OrganisationRequest() context: OrganisationContext,
      @Param() named: Named,
      @Body() body: unknown,
      @IfMatch() precondition: Precondition,
    ): Promise<unknown> {
      const id = within.idOf(named);
      await this.prove({ context, id, body });
      const row = await this.resources.update(context, id, within.bodyOf(named, body), precondition);
      return tagged(row, replies.update(row));
    }

    @Route.delete(path, {
      access: Requires(section, 'write', `Delete ${spoken.one}`),
      id: `delete${noun}`,
      ...about.remove,
      params,
      reply: replies.removed ?? replies.written,
      preconditioned: true,
      errors: about.removeErrors ?? (about.force === undefined ? [] : [409]),
    })
    async remove(
      @OrganisationRequest() context: OrganisationContext,
      @Param() named: Named,
      @IfMatch() precondition: Precondition,
      @AskedFor(removeQuery) { force }: Asked<typeof removeQuery>,
    ): Promise<unknown> {
      await this.resources.remove(context, within.idOf(named), precondition, { force: force ?? this.forces() });
      return replies.remove();
    }
  }
  return Routes;
};
