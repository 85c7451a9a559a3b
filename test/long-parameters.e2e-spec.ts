import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { listOf, textOf, type HttpClient } from '@castellan/testing';
import { ApiUnderTest } from '../apps/api/test/api-under-test';

const example = z.union([z.string(), z.number(), z.boolean()]).optional();
const parameter = z.object({
  name: z.string(),
  in: z.string(),
  required: z.boolean().optional(),
  schema: z.looseObject({ type: z.string().optional(), example }),
  example,
});
const operations = z.record(
  z.string(),
  z.record(
    z.string(),
    z.looseObject({ parameters: z.array(parameter).default([]), requestBody: z.unknown().optional() }),
  ),
);
type Parameter = z.infer<typeof parameter>;

const document = z
  .object({ paths: z.unknown(), components: z.object({ schemas: z.record(z.string(), z.unknown()) }) })
  .parse(JSON.parse(readFileSync(join(__dirname, '..', 'openapi.json'), 'utf8')));
const published = operations.parse(document.paths);

const field = z.looseObject({
  $ref: z.string().optional(),
  type: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).default({}),
  items: z.unknown().optional(),
});
const jsonBody = z.object({ content: z.object({ 'application/json': z.object({ schema: z.unknown() }) }) });

/** Bodies by which something is looked for, or that say what is to be found and destroyed. */
const isSearch = (path: string): boolean => /\/(search|erase|bulk\/delete)$/.test(path);

/** A body in which one text, wherever it may stand, is what is given. */
type Filled = (text: string) => unknown;

/** Every text of a schema, as the body that has it, and where it stands. */
const textsIn = (schema: unknown): readonly { readonly at: string; readonly filled: Filled }[] => {
  const { $ref, type, properties, items } = field.parse(schema);
  if ($ref !== undefined) return textsIn(document.components.schemas[$ref.split('/').at(-1) ?? '']);
  if (type === 'string') return [{ at: '', filled: (text) => text }];
  if (items !== undefined) {
    return textsIn(items).map(({ at, filled }) => ({ at: `[0]${at}`, filled: (text) => [filled(text)] }));
  }
  return Object.entries(properties).flatMap(([name, inside]) =>
    textsIn(inside).map(({ at, filled }) => ({
      at: `${name}${at && `.${at}`}`,
      filled: (text) => ({ [name]: filled(text) }),
    })),
  );
};

const searchedTexts = Object.entries(published)
  .filter(([path]) => isSearch(path))
  .flatMap(([path, { post }]) => {
    const body = jsonBody.safeParse(post?.requestBody);
    return body.success ? textsIn(body.data.content['application/json'].schema).map((one) => ({ path, ...one })) : [];
  });

/** Every text that some list or search takes, route by route. */
const texts = Object.entries(published).flatMap(([path, { get }]) =>
  (get?.parameters ?? [])
    .filter((one) => one.in === 'query' && one.schema.type === 'string')
    .map((one) => ({ path, one, others: get?.parameters ?? [] })),
);

/** A text that is taken for what other tools mean by it, and looked at no further, has no limit. */
const isLookedAt = ({ schema }: Parameter): boolean =>
  ['maxLength', 'enum', 'pattern', 'format'].some((limit) => limit in schema);

describe('texts in queries and searches', () => {
  let api: ApiUnderTest;
  let client: HttpClient;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    client = (await api.organisation()).admin.client;
  });
  afterAll(() => api.stop());

  const planeOf = (path: string): HttpClient => {
    if (path.startsWith('/admin')) return api.admin;
    return path.startsWith('/api') ? client : api.node;
  };
  const ask = ({ path, one, others }: (typeof texts)[number], length: number) => {
    const query = new URLSearchParams({ [one.name]: 'a'.repeat(length) });
    for (const { name, required, example: shown, schema } of others.filter((other) => other.in === 'query')) {
      if (required === true && name !== one.name) query.set(name, String(shown ?? schema.example ?? 'a'));
    }
    const address = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
      if (name.endsWith('_year')) return '2026';
      return /_(day|month)$/.test(name) ? '1' : '0123456789abcdef01234567';
    });
    return planeOf(path).get(`${address}?${query.toString()}`);
  };

  it('that are too long are answered 400 with the name of the parameter, on every route', async () => {
    expect(texts.length).toBeGreaterThan(100);
    const odd: unknown[] = [];
    for (const text of texts) {
      const { status, json } = await ask(text, 10_000);
      const named = Array.isArray(json['Errors']) ? listOf(json['Errors']).map(({ path }) => textOf(path)) : [];
      const isFine = isLookedAt(text.one) ? status === 400 && named.includes(text.one.name) : status < 500;
      if (!isFine) odd.push({ path: text.path, name: text.one.name, status, named });
    }
    expect(odd).toEqual([]);
  });

  it('of bodies that look for something are refused as well when they are too long, and named', async () => {
    expect(searchedTexts.map(({ path, at }) => `${path} ${at}`)).toEqual(
      expect.arrayContaining([
        '/api/keys/search token',
        '/api/users/search filters.query',
        '/api/analytics/erase alias',
      ]),
    );
    const odd: unknown[] = [];
    for (const { path, at, filled } of searchedTexts) {
      const { status, json } = await client.post(path, filled('a'.repeat(10_000)));
      const named = Array.isArray(json['Errors']) ? listOf(json['Errors']).map(({ path: one }) => textOf(one)) : [];
      const isNamed = named.some((one) => at.startsWith(one.split(/[.[]/)[0] ?? at));
      if (status !== 400 || !isNamed) odd.push({ path, at, status, named });
    }
    expect(odd).toEqual([]);
  });

  it('that no server takes are the caller’s fault, too', async () => {
    const [first] = texts;
    if (first === undefined) throw new Error('No route takes a text');
    const { status } = await fetch(`${api.url}${first.path}?${first.one.name}=${'a'.repeat(100_000)}`);
    expect([400, 414, 431]).toContain(status);
  });
});
