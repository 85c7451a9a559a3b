import { exampleBodyOf, publishedOperations, type PublishedOperation } from '../support/published-operations';
import { forEachOf, type Answer, type Caller, type Said } from './caller';
import { namesOf, namesThings, type Furnished } from './furnished';

const organisations = [...publishedOperations.values()].filter(
  ({ permission }) => !['public', 'operator', 'node'].includes(permission),
);

/**
 * A stream that does not end, and a form with a file: that they show nothing of others, apps/api/test/analytics/watching.ts and
 * apps/api/src/certificates/certificates.e2e-spec.ts hold.
 */
const notAsked = ['liveAnalytics', 'validateCertificate'];

export const readings = organisations.filter(
  ({ id, method, permission }) =>
    !notAsked.includes(id) && (method === 'GET' || permission.endsWith(':read') || id === 'queryAnalytics'),
);
const isReading = (operation: PublishedOperation): boolean => readings.includes(operation);
const writings = organisations.filter((operation) => !isReading(operation) && !notAsked.includes(operation.id));

/** Something that was said, and what came of it. */
interface Try {
  readonly operation: PublishedOperation;
  readonly said: Said;
}

const apiIds = /\b[0-9a-f]{32}\b/g;
const rowIds = /\b[0-9a-f]{24}\b/g;
const first = ({ things }: Furnished, thing: string): string => things[thing]?.[0] ?? '';

/** The example of a body with ids of somebody's things in the place of those in it. */
const bodyNaming = (operation: PublishedOperation, furnished: Furnished): unknown => {
  const example = exampleBodyOf(operation);
  if (example === undefined) return undefined;
  const thing = /users|usergroups|sso/.test(operation.path) ? 'group' : 'policy';
  const text = JSON.stringify(example).replaceAll(apiIds, first(furnished, 'api'));
  return JSON.parse(text.replaceAll(rowIds, first(furnished, thing))) as unknown;
};

/** The example with a guess in the place of each of its texts. */
const bodiesGuessing = (operation: PublishedOperation, guess: string): readonly unknown[] => {
  const text = JSON.stringify(exampleBodyOf(operation) ?? null);
  return [...text.matchAll(/:"([^"]*)"/g)]
    .slice(0, 6)
    .map(({ index }): unknown =>
      JSON.parse(text.slice(0, index) + text.slice(index).replace(/:"[^"]*"/, `:"${guess}"`)),
    );
};

/** Everything that a caller may try to come to what is not theirs: by id, by filter and by body. */
const triesAt = (operation: PublishedOperation, own: Furnished, foreign: Furnished): readonly Try[] => {
  const [names = {}] = namesOf(operation, own.things);
  const body = bodyNaming(operation, foreign);
  const said: Said[] = [
    ...(namesThings(operation, foreign.secretThings)
      ? namesOf(operation, foreign.secretThings).map((foreignNames) => ({ names: foreignNames }))
      : []),
    ...(body === undefined || !(isReading(operation) || !namesThings(operation)) ? [] : [{ names, body }]),
  ];
  if (isReading(operation)) {
    const always = queriesOf(operation);
    const guesses = (name: string): readonly string[] => [foreign.mark, ...idsMeantBy(name, foreign)];
    const filters = operation.textQueries.flatMap((name) =>
      guesses(name).map((guess) => ({ ...always, [name]: guess })),
    );
    said.push(...filters.map((query) => ({ names, query })));
    said.push(...bodiesGuessing(operation, foreign.mark).map((guessing) => ({ names, body: guessing })));
  }
  return said.map((one) => ({ operation, said: one }));
};

/** By which things somebody could ask who knows them, in parameters whose names are like these. */
const askedBy: readonly (readonly [name: RegExp, things: readonly string[]])[] = [
  [/^(base_)?api(_id)?$/, ['api']],
  [/^policy(_ids)?$/, ['policy']],
  [/^certificate$/, ['cert']],
  [/^owner$/, ['user', 'group']],
  [/^user(_id)?$/, ['user']],
  [/^org_id$/, ['organisation']],
  [/^(key|alias)$/, ['key']],
  [/^q$/, ['api', 'key', 'user']],
  [/^(id|resource)$/, ['api', 'policy', 'user', 'cert']],
  [/^template/, ['asset']],
];

/** Those of them that others must not come to. */
const idsMeantBy = (name: string, { secretThings }: Furnished): readonly string[] =>
  (askedBy.find(([pattern]) => pattern.test(name))?.[1] ?? []).flatMap((thing) =>
    (secretThings[thing] ?? []).slice(0, 1),
  );

/** What a question has to say to be answered at all. */
const queriesOf = ({ id }: PublishedOperation): Readonly<Record<string, string>> => {
  if (id.startsWith('diff')) return { against: '1' };
  const now = Math.floor(Date.now() / 1_000);
  return id === 'listLogs' ? { start: String(now - 3_600), end: String(now + 3_600) } : {};
};

/** The secrets of others in an answer, beside what was said in the question. */
const leaked = ({ headers, text }: Answer, { names = {}, query = {}, body }: Said, secrets: readonly string[]) => {
  const asked = JSON.stringify([names, query, body ?? null]);
  return secrets.filter((secret) => !asked.includes(secret) && (headers.includes(secret) || text.includes(secret)));
};

/** What a caller read with the names of what is their own: the answers, by operation. */
export const readOwn = async (
  caller: Caller,
  own: Furnished,
): Promise<readonly { readonly id: string; readonly answer: Answer }[]> =>
  forEachOf(readings, async (operation) => {
    const [names = {}] = namesOf(operation, own.things);
    // Keys have to open what there is; the other examples stand for themselves.
    const body = operation.path.includes('/keys') ? bodyNaming(operation, own) : exampleBodyOf(operation);
    const said = { names, query: queriesOf(operation), body };
    return { id: operation.id, answer: await caller(operation, said) };
  });

/** The operations in whose answers something is that belongs to others. */
export const leaksAmong = (
  answers: readonly { readonly id: string; readonly answer: Answer }[],
  { secrets }: Furnished,
): readonly string[] =>
  answers.flatMap(({ id, answer }) => leaked(answer, {}, secrets).map((secret) => `${id} shows ${secret}`));

/** Tries to come to what belongs to others, in every way that the document has, and lists what it came to. */
export const pry = async (caller: Caller, own: Furnished, foreign: Furnished): Promise<readonly string[]> => {
  // Reads come first, so that they are not of what the writes leave.
  const tries = [...readings, ...writings.filter(isHarmless)].flatMap((operation) => triesAt(operation, own, foreign));
  const answers = await forEachOf(tries, async ({ operation, said }) => ({
    operation,
    said,
    answer: await caller(operation, said),
  }));
  return answers.flatMap(({ operation, said, answer }) => [
    ...leaked(answer, said, foreign.secrets).map(
      (secret) => `${operation.id} shows ${secret} to ${JSON.stringify(said).slice(0, 300)}`,
    ),
    ...(answer.status >= 500
      ? [`${operation.id} answers ${answer.status} to ${JSON.stringify(said).slice(0, 300)}`]
      : []),
    ...(isNaming(operation, said, foreign) && answer.status < 300 && !answersEverything.includes(operation.id)
      ? [`${operation.id} answers ${answer.status} to ${JSON.stringify(said.names)}`]
      : []),
  ]);
};

/** Whatever names in their paths stand for, these answer 200 with nothing in it, or make something of that name. */
const answersEverything = [
  ...['listKeysOfApi', 'searchKeysOfApi', 'createCustomKey', 'usageOfApi', 'activityOfKeys', 'activityOfKey'],
  ...['endpointsOfKey', 'activityOfOauthClient', 'endpointsOfOauthClient'],
];

const isNaming = (operation: PublishedOperation, { names = {} }: Said, { things }: Furnished): boolean =>
  namesThings(operation) &&
  namesOf(operation, things).some((foreign) => JSON.stringify(foreign) === JSON.stringify(names));

/** What would end the caller's own rights to try the rest, without naming anything of others. */
const isHarmless = ({ id }: PublishedOperation): boolean =>
  !['endSessions', 'importConfiguration', 'migrateApis'].includes(id);
