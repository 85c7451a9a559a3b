import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Contract, textOf, type JsonReply } from '@castellan/testing';
import { tags } from '../../apps/api/src/documentation/tags';

const text = readFileSync(join(__dirname, '..', '..', 'openapi.json'), 'utf8');
const document = JSON.parse(text) as JsonReply;

/** What a schema says in a word; empty when it is none. */
const word = (value: unknown): string => (typeof value === 'string' ? value : '');

/** One operation, and where it stands. */
interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: JsonReply;
}

const routes: readonly Route[] = Object.entries(document['paths'] ?? {}).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);
const operations = routes.map(({ operation }) => operation);
const named = (found: readonly JsonReply[]): readonly string[] => found.map(({ operationId }) => textOf(operationId));
const lacking = (isThere: (operation: JsonReply) => boolean): readonly string[] =>
  named(operations.filter((operation) => !isThere(operation)));

const schemas: readonly (readonly [name: string, schema: JsonReply])[] = Object.entries(
  document['components']?.['schemas'] ?? {},
);
/** Every field of every schema, called as in `UserDto.active`. */
const fields = schemas.flatMap(([name, schema]) =>
  Object.entries(schema['properties'] ?? {}).map(([field, about]) => [`${name}.${field}`, about] as const),
);
const parameters = operations.flatMap((operation) =>
  Object.values(operation['parameters'] ?? {}).map(
    (parameter) => [`${textOf(operation['operationId'])} ${textOf(parameter['name'])}`, parameter] as const,
  ),
);
/** Those of schemas and parameters of which the type is this one. */
const typed = (type: string) => {
  const all = [...fields, ...parameters.map(([name, parameter]) => [name, parameter['schema'] ?? {}] as const)];
  return all.filter(([, schema]) => word(schema['type']) === type);
};
const namesOf = (found: readonly (readonly [string, JsonReply])[]): readonly string[] => found.map(([name]) => name);

/** Every reply of an operation, shared ones included. */
const repliesOf = (operation: JsonReply): readonly (readonly [status: string, reply: JsonReply])[] =>
  Object.entries(operation['responses'] ?? {}).map(([status, reply]) => {
    const shared = '$ref' in reply ? textOf(reply['$ref']).split('/').at(-1) : undefined;
    return [status, (shared === undefined ? reply : document['components']?.['responses']?.[shared]) ?? {}];
  });
const withoutHeader = (header: string, isMeant: (route: Route, status: string) => boolean): readonly string[] =>
  routes.flatMap((route) =>
    repliesOf(route.operation)
      .filter(([status, reply]) => isMeant(route, status) && reply['headers']?.[header] === undefined)
      .map(([status]) => `${textOf(route.operation['operationId'])} ${status}`),
  );
const takes = ({ operation }: Route, header: string): boolean =>
  Object.values(operation['parameters'] ?? {}).some((parameter) => textOf(parameter['name']) === header);

describe('the published document', () => {
  it('describes every operation beyond its summary, and every parameter', () => {
    expect(lacking(({ summary, description }) => textOf(description).length > 0 && description !== summary)).toEqual(
      [],
    );
    expect(operations.length).toBeGreaterThan(100);
    expect(namesOf(parameters.filter(([, { description }]) => description === undefined))).toEqual([]);
  });

  it('names the group of every operation, and says what each group is about', () => {
    const known = tags.map(([name]) => name);
    expect(lacking((operation) => known.includes(textOf(operation['tags']?.[0])))).toEqual([]);
    expect(Object.values(document['tags'] ?? {}).map(({ name }) => name)).toEqual(known);
    expect(tags.filter(([, about]) => about === '')).toEqual([]);
  });

  describe('names headers', () => {
    it('X-Request-ID of every reply', () => {
      expect(withoutHeader('X-Request-ID', () => true)).toEqual([]);
    });

    it('Retry-After of every reply that says to come again, but for the health checks', () => {
      const isHealth = ({ path }: Route): boolean => path.startsWith('/health/');
      expect(withoutHeader('Retry-After', (route, status) => /^(429|503)$/.test(status) && !isHealth(route))).toEqual(
        [],
      );
    });

    it('ETag of every reply whose version can be demanded, and of the refusal', () => {
      expect(withoutHeader('ETag', (route, status) => status === '304' || status === '412')).toEqual([]);
      expect(withoutHeader('ETag', (route, status) => takes(route, 'If-None-Match') && status === '200')).toEqual([]);
      const isWritten = (route: Route, status: string): boolean =>
        ['put', 'patch'].includes(route.method) && takes(route, 'If-Match') && status === '200';
      expect(withoutHeader('ETag', isWritten)).toEqual([]);
    });

    it('X-Change-Reason of whatever people write', () => {
      const changesNothing = /(validate|dry-run|preview|search)$/;
      const writes = routes.filter(
        ({ method, path }) => method !== 'get' && !path.startsWith('/system/') && !changesNothing.test(path),
      );
      expect(named(writes.filter((route) => !takes(route, 'X-Change-Reason')).map((one) => one.operation))).toEqual([]);
      expect(writes.length).toBeGreaterThan(50);
    });
  });

  describe('gives types', () => {
    it('that say how large whole numbers may be', () => {
      expect(namesOf(typed('integer').filter(([, { format }]) => !/^int(32|64)$/.test(word(format))))).toEqual([]);
      expect(typed('integer').length).toBeGreaterThan(100);
    });

    it('of fractions only to what has fractions', () => {
      const broken =
        /\.((request_|max_|min_)?(upstream_)?(time|latency)|RequestTime|p\d\d|per|rate|usage_percentage|availability)$/;
      expect(namesOf(typed('number')).filter((name) => !broken.test(name))).toEqual([]);
    });

    it('of numbers to pages, and of truth to switches', () => {
      const pages = parameters.filter(([name]) => name.endsWith(' p'));
      expect(pages.filter(([, parameter]) => word(parameter['schema']?.['type']) !== 'integer')).toEqual([]);
      expect(pages.length).toBeGreaterThan(10);
      const switches = /^(true|false)$/;
      const words = typed('string').filter(([, schema]) =>
        Object.values(schema['enum'] ?? {}).some((value) => switches.test(word(value))),
      );
      expect(namesOf(words)).toEqual([]);
    });

    it('with the format of times and addresses', () => {
      const times = typed('string').filter(([name]) => /\.(\w+_at|at|last_seen)$/.test(name));
      expect(namesOf(times.filter(([, { format }]) => word(format) !== 'date-time'))).toEqual([]);
      const addresses = typed('string').filter(([name]) => /\.(email_address|EmailAddress)$/.test(name));
      expect(namesOf(addresses.filter(([, { format }]) => word(format) !== 'email'))).toEqual([]);
      expect([times.length, addresses.length].every((count) => count > 3)).toBe(true);
    });

    it('that demand nothing with a default', () => {
      expect(namesOf(fields.filter(([, schema]) => 'default' in schema))).toEqual([]);
    });
  });

  it('gives Go a name for each of two fields that it would call the same', () => {
    const both = schemas.filter(([, schema]) => ['_id', 'id'].every((field) => field in (schema['properties'] ?? {})));
    expect(both.filter(([, schema]) => schema['properties']?.['_id']?.['x-go-name'] === undefined)).toEqual([]);
    expect(both.length).toBeGreaterThan(0);
  });

  it('gives every value of a choice a name that generated clients can tell apart', () => {
    const nameOf = (value: string): string => value.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '');
    const confused = typed('string').filter(([, schema]) => {
      const values = Object.values(schema['x-enum-varnames'] ?? schema['enum'] ?? {}).map(word);
      return new Set(values.map(nameOf)).size < values.length;
    });
    expect(namesOf(confused)).toEqual([]);
  });

  it('gives no value of a choice a name that generated Go clients have for a part of themselves', () => {
    const taken = ['client', 'clientinterface', 'clientoption', 'clientwithresponses', 'httprequestdoer', 'newclient'];
    const choices: (readonly string[])[] = [];
    const look = (value: JsonReply | null | undefined): void => {
      if (typeof value !== 'object' || value === null) return;
      const values = Object.values(value['x-enum-varnames'] ?? value['enum'] ?? {}).map(word);
      if (values.length > 0) choices.push(values);
      Object.values(value).forEach(look);
    };
    look(document);
    expect(choices.length).toBeGreaterThan(50);
    expect(choices.flat().filter((name) => taken.includes(name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')))).toEqual(
      [],
    );
  });

  it('declares YAML for every body that may be an OpenAPI document or a configuration', () => {
    const isRead = ({ operation }: Route): boolean =>
      Object.keys(operation['requestBody']?.['content'] ?? {}).some((type) => type.includes('yaml'));
    const declared = routes.filter(isRead).map(({ path }) => path);
    const documents = /^\/api\/(apis\/(oas|streams)|mcps)(\/\{id\}|\/import|\/validate)?$|^\/api\/import$/;
    const taking = routes.filter(({ path, operation }) => documents.test(path) && 'requestBody' in operation);
    expect(declared).toEqual(taking.map(({ path }) => path));
  });

  it('has an example of every body and of every reply in JSON', () => {
    const without = routes.flatMap(({ operation }) => {
      const replies = repliesOf(operation).map(([, reply]) => reply);
      const media = [operation['requestBody'] ?? {}, ...replies].map((one) => one['content']?.['application/json']);
      return media.some((one) => one !== undefined && !('example' in one)) ? [operation] : [];
    });
    expect(named(without)).toEqual([]);
  });

  const contract = Contract.from(text, /^$/);

  it.each(routes.map((route) => [textOf(route.operation['operationId']), route] as const))(
    '%s is answered by its examples',
    (_, { method, path, operation }) => {
      for (const [status, reply] of repliesOf(operation)) {
        const media = reply['content']?.['application/json'];
        if (media === undefined) continue;
        const declared = Object.fromEntries(Object.keys(reply['headers'] ?? {}).map((name) => [name, 'x']));
        contract.check({
          method: method.toUpperCase(),
          path: path.replaceAll(/\{\w+\}/g, 'x'),
          status: Number(status),
          headers: new Headers({ ...declared, 'content-type': 'application/json' }),
          text: JSON.stringify(media['example']),
        });
      }
    },
  );
});
