import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ValidationFailed, type FieldError } from '@castellan/dto';
import { emptyNarrowing, WrongValue, type Parameter } from './parameter';

type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** The values of a query, as its parameters read them. */
export type Asked<Q extends RouteQuery<Parameters>> =
  Q extends RouteQuery<infer P>
    ? { readonly [Name in keyof P]: P[Name] extends Parameter<infer T> ? T : never }
    : never;

/** Everything that a route can be asked: its parameters by name. */
export class RouteQuery<P extends Parameters> {
  /** @param carrying the parameter and its value with which everything that is asked for is taken away; then none may be empty */
  constructor(
    readonly parameters: P,
    private readonly carrying: { readonly by: string; readonly value: unknown } | null = null,
  ) {}

  /** @throws ValidationFailed with each parameter that is unknown here */
  refuseUnknown(given: Readonly<Record<string, unknown>>): void {
    const known = Object.keys(this.parameters);
    const unknown = Object.keys(given).filter((name) => !known.includes(name));
    if (unknown.length === 0) return;
    const there = known.length === 0 ? 'takes no parameters' : `there are ${known.join(', ')}`;
    throw new ValidationFailed(unknown.map((path) => ({ path, message: `is not known here: ${there}` })));
  }

  /** @throws ValidationFailed with each parameter whose value is wrong */
  read(given: Readonly<Record<string, unknown>>): Asked<RouteQuery<P>> {
    const errors: FieldError[] = [];
    const values = Object.entries(this.parameters).map(([name, parameter]) => {
      try {
        return [name, parameter.read(textOf(given[name]))];
      } catch (error) {
        if (!(error instanceof WrongValue)) throw error;
        errors.push({ path: name, message: error.message });
        return [name, undefined];
      }
    });
    if (errors.length > 0) throw new ValidationFailed(errors);
    const { carrying } = this;
    if (carrying !== null && values.some(([name, value]) => name === carrying.by && value === carrying.value)) {
      refuseEmpty(given);
    }
    // Each name has what its parameter has read, which the compiler cannot follow through the entries of an object.
    return Object.fromEntries(values) as Asked<RouteQuery<P>>;
  }
}

const refuseEmpty = (given: Readonly<Record<string, unknown>>): void => {
  const empty = Object.keys(given).filter((name) => textOf(given[name])?.trim() === '');
  if (empty.length > 0) throw new ValidationFailed(empty.map((path) => ({ path, message: emptyNarrowing })));
};

const textOf = (value: unknown): string | undefined => {
  if (value === undefined || typeof value === 'string') return value;
  throw new WrongValue('must be given once');
};

const ANY_PARAMETERS = Symbol('ANY_PARAMETERS');

/** A route whose callers are known to add parameters that change nothing here; it leaves them unread. */
export const AnyParameters = (): MethodDecorator => SetMetadata(ANY_PARAMETERS, true);

export const takesAnyParameters = (handler: object): boolean => Reflect.hasMetadata(ANY_PARAMETERS, handler);

const QUERY = Symbol('QUERY');

/** The query that a route has declared; undefined when it takes none. */
export const queryOf = (handler: object): RouteQuery<Parameters> | undefined => {
  const declared: unknown = Reflect.getMetadata(QUERY, handler);
  return declared instanceof RouteQuery ? declared : undefined;
};

const readQuery = createParamDecorator((query: RouteQuery<Parameters>, context: ExecutionContext): unknown =>
  query.read(givenTo(context)),
);

/** What stands after the question mark. */
export const givenTo = (context: ExecutionContext): Readonly<Record<string, unknown>> => {
  const { query } = context.switchToHttp().getRequest<FastifyRequest>();
  return typeof query === 'object' && query !== null ? { ...query } : {};
};

/**
 * Gives a handler the values of its query. One declaration makes the parameters of the OpenAPI document, refuses what is
 * wrong or unknown, and reads the rest.
 */
export const AskedFor =
  (query: RouteQuery<Parameters>): ParameterDecorator =>
  (target, property, index) => {
    readQuery(query)(target, property, index);
    const descriptor = property === undefined ? undefined : Object.getOwnPropertyDescriptor(target, property);
    const handler: unknown = descriptor?.value;
    if (property === undefined || descriptor === undefined || typeof handler !== 'function') {
      throw new TypeError('Only handlers are asked');
    }
    Reflect.defineMetadata(QUERY, query, handler);
    for (const [name, parameter] of Object.entries(query.parameters)) {
      const { schema, required } = parameter;
      ApiQuery({ name, description: describe(parameter), schema, required })(target, property, descriptor);
    }
  };

/** Swagger UI sends the example of a parameter that one may leave out; it stands in the description instead. */
const describe = ({ description, example }: Parameter<unknown>): string =>
  example === undefined ? description : `${description}, such as \`${example}\``;
