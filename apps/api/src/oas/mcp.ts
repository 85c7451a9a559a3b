import { CastellanError, ValidationFailed, type FieldError } from '@castellan/dto';
import type { ApiRow } from '@castellan/persistence';
import { flagAt, objectAt, TYK_EXTENSION, type JsonObject } from '@castellan/tyk';

/** Which OAS APIs a place is for: MCP proxies alone, or any. */
export type OasSort = 'any' | 'mcp';

/** @throws CastellanError (400) for an API that is no MCP proxy, where only those are */
export const refuseOtherSort = ({ apiTypes }: Pick<ApiRow, 'apiTypes'>, sort: OasSort): void => {
  if (sort === 'any' || apiTypes.includes('mcp')) return;
  throw new CastellanError(400, 'validation_failed', 'the requested API definition is not an MCP Proxy definition');
};

/** Where settings of single operations stand. */
const places = ['operations', 'mcpTools', 'mcpResources', 'mcpPrompts'] as const;

/** What would change the JSON-RPC calls that an MCP proxy is made of (docs/tyk/management.md#mcp-proxies). */
const restricted = ['transformRequestMethod', 'transformResponseBody', 'urlRewrite'] as const;

/** Refuses settings of operations that MCP proxies may not have. @throws ValidationFailed with each of them */
export const refuseOnMcp = (document: JsonObject): void => {
  const middleware = objectAt(document, TYK_EXTENSION, 'middleware');
  const problems = places.flatMap((place) => {
    const operations = objectAt(middleware, place);
    return Object.keys(operations).flatMap((id) =>
      restricted
        .filter((name) => flagAt(operations, id, name, 'enabled'))
        .map((name): FieldError => ({
          path: `${TYK_EXTENSION}.middleware.${place}.${id}.${name}`,
          message: 'must not be enabled in an MCP proxy',
        })),
    );
  });
  if (problems.length > 0) throw new ValidationFailed(problems);
};
