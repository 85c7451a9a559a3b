import {
  checkOas,
  checkPolicy,
  checkSession,
  importOpenApi,
  isJsonObject,
  toNodeDocument,
  type JsonObject,
} from '@castellan/tyk';
import {
  checkAhead,
  importDocument,
  lostOnNodes,
  problemsOfOas,
  problemsOfPolicy,
  problemsOfSession,
} from './document-checks';
import { isLarge } from './large-documents';

const operation = (index: number): JsonObject => ({
  operationId: `op${index}`,
  parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
  responses: { 200: { description: 'fine' } },
});

/** A plain document of so many paths. */
const aDocument = (paths: number): JsonObject => ({
  openapi: '3.0.3',
  info: { title: 'Large', version: '1' },
  servers: [{ url: 'http://upstream.example' }],
  paths: Object.fromEntries(
    Array.from({ length: paths }, (_, index) => [`/p${index}/{id}`, { get: operation(index) }]),
  ),
});

const anApi = (paths: number): JsonObject => {
  const result = importOpenApi(aDocument(paths), {});
  if (!result.ok) throw new Error('The document is not importable');
  return result.oas;
};

describe('checks of documents', () => {
  it('give for a large document what they give for any', async () => {
    const [document, oas] = [aDocument(2_000), anApi(2_000)];
    expect([isLarge(aDocument(10)), isLarge(document)]).toEqual([false, true]);
    expect(await importDocument(document, {})).toEqual(JSON.parse(JSON.stringify(importOpenApi(document, {}))));
    expect(await lostOnNodes(oas)).toEqual(toNodeDocument(oas).lost);
    const wrong = { ...oas, info: { title: 7 } };
    await checkAhead(wrong, 'checkOas');
    expect(problemsOfOas(wrong)).toEqual(checkOas(wrong));
    expect(problemsOfOas(wrong)).not.toEqual([]);
  });

  it('give the same for a policy whose patterns are heavy', async () => {
    const allowed_urls = Array.from({ length: 40 }, (_, index) => ({
      url: `/a${index}/(?:[a-z0-9]{10}){40}[`,
      methods: ['GET'],
    }));
    const policy = { name: 'heavy', access_rights: { api: { api_id: 'api', versions: ['Default'], allowed_urls } } };
    expect(isLarge(policy)).toBe(true);
    await checkAhead(policy, 'checkPolicy');
    expect(problemsOfPolicy(policy)).toEqual(checkPolicy(policy));
    expect(problemsOfPolicy(policy)).toHaveLength(40);
  });

  it('give the same for the session of a key whose patterns are heavy, with the turn to everybody else meanwhile', async () => {
    const allowed_urls = Array.from({ length: 80 }, (_, index) => ({
      url: `/a${index}/(?:[a-z0-9]{10}){40}[`,
      methods: ['GET'],
    }));
    const session = { access_rights: { api: { api_id: 'api', versions: ['Default'], allowed_urls } } };
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const problems = await problemsOfSession(session);
    clearInterval(timer);
    expect(problems).toEqual(checkSession(session));
    expect(problems).toHaveLength(50);
    expect(turns).toBeGreaterThan(5);
  });

  it('of few patterns that are heavy are as large as those of many values', () => {
    const pattern = '(?:[a-z0-9]{10}){40}';
    expect(isLarge({ path: pattern })).toBe(false);
    expect(isLarge(Array.from({ length: 30 }, () => ({ path: pattern })))).toBe(true);
    expect(isLarge(Array.from({ length: 30 }, () => ({ path: `/a path with spaces/${pattern}` })))).toBe(true);
    const names = Array.from({ length: 30 }, (_, index) => [`${pattern}${index}`, {}] as const);
    expect(isLarge({ patternProperties: Object.fromEntries(names) })).toBe(true);
    expect(isLarge(Array.from({ length: 30 }, () => ({ description: `(with ${pattern} in it)` })))).toBe(false);
  });

  it('of a large document leave the turn to everybody else', async () => {
    const document = aDocument(2_000);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const result = await importDocument(document, {});
    clearInterval(timer);
    expect(result.ok && isJsonObject(result.oas)).toBe(true);
    // On the thread of the caller there would be none before the check is over.
    expect(turns).toBeGreaterThan(5);
  });

  it('look at no more of a document than decides how large it is', () => {
    let looked = 0;
    const list = new Proxy(
      Array.from({ length: 100_000 }, () => ({ a: 1 })),
      {
        get(target, name, receiver): unknown {
          if (typeof name === 'string' && /^\d+$/.test(name)) looked += 1;
          return Reflect.get(target, name, receiver);
        },
      },
    );
    expect(isLarge({ list })).toBe(true);
    expect(looked).toBe(0);
  });
});
