import { ownedKinds } from '@castellan/persistence';

/** A request, as far as it names resources. */
interface Naming {
  readonly params: unknown;
  readonly query: unknown;
}

/** Something that a request names. */
export interface NamedResource {
  readonly kind: string;
  readonly id: string;
  /** Makes the request name another one. */
  readonly rename: (id: string) => void;
}

/** Kinds whose ids stand in routes of many controllers; those of others stand in the routes that all kinds have. */
const spread: readonly string[] = ['api', 'policy', 'user'];

/** Below these paths a parameter is the id of an API; the second one is where there are two, as in a rebase. */
const apiPaths = /^\/api\/(?:apis(?:\/oas|\/streams|\/oauth)?|mcps|cache\/jwks)\/:(\w+)(?:\/rebase\/:(\w+))?/;
const policyPaths = /^\/api\/portal\/policies\/:(\w+)/;
const userPaths = /^\/api\/users\/:(\w+)/;

/** Routes that try something out name in their query what would be replaced, and what would be the base. */
const apiQueries = /^\/api\/apis(?:\/oas|\/streams)?(?:\/validate|\/dry-run|\/import)?$|^\/api\/mcps$/;
const policyQueries = /^\/api\/portal\/policies\/validate$/;

/** What shows the whole organisation, and cannot be shown in part: records of changes, and documents of everything. */
const whole = /^\/api\/(?:audit-logs(?:\/|$)|import$)/;

/** Whether a route is about everything that the organisation has. */
export const overWholeOrganisation = (pattern: string): boolean => whole.test(pattern);

/** What with owners a request names. */
export const namedResources = (pattern: string, naming: Naming, routesOf: string | null): readonly NamedResource[] => {
  const owned = new Set(ownedKinds().map(({ name }) => name));
  return resourcesNamed(pattern, naming, routesOf).filter(({ kind }) => owned.has(kind));
};

/**
 * What a request names.
 *
 * @param pattern of its route, such as `/api/apis/:id`
 * @param routesOf the kind whose routes the controller has; null for none
 */
export const resourcesNamed = (
  pattern: string,
  { params, query }: Naming,
  routesOf: string | null,
): readonly NamedResource[] => [
  ...(routesOf === null || spread.includes(routesOf)
    ? []
    : [...inFields(routesOf, params, ['id']), ...inFields(routesOf, query, ['id'])]),
  ...inFields('api', params, apiPaths.exec(pattern)?.slice(1) ?? []),
  ...inFields('policy', params, policyPaths.exec(pattern)?.slice(1) ?? []),
  ...inFields('user', params, userPaths.exec(pattern)?.slice(1) ?? []),
  ...inFields('api', query, apiQueries.test(pattern) ? ['id', 'base_api_id'] : []),
  ...inFields('policy', query, policyQueries.test(pattern) ? ['id'] : []),
];

const inFields = (kind: string, holder: unknown, names: readonly (string | undefined)[]): readonly NamedResource[] => {
  if (typeof holder !== 'object' || holder === null) return [];
  return names.flatMap((name) => {
    const id: unknown = name === undefined ? undefined : Reflect.get(holder, name);
    if (name === undefined || typeof id !== 'string' || id === '') return [];
    return [{ kind, id, rename: (other: string) => void Reflect.set(holder, name, other) }];
  });
};
