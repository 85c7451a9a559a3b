import { all, any, arr, bool, int, map, num, obj, str, type Schema } from '../../schema/builders';
import { duration, headers, toggle } from './schema-auth';

const allowance = obj(all(bool, 'enabled ignoreCase'));
const transformHeaders = obj({ enabled: bool, remove: arr(str), add: headers });
const transformBody = obj({ enabled: bool, ...all(str, 'format path body') });
const sizeLimit = obj({ enabled: bool, value: int });
const plugins = arr(obj({ ...all(bool, 'enabled rawBodyOnly requireSession'), ...all(str, 'functionName path code') }));

/** `upstream.rateLimit` and the rate limit of an operation. */
export const rateLimit: Schema = obj({ enabled: bool, rate: int, per: duration });

const urlRewrite = obj({
  enabled: bool,
  ...all(str, 'pattern rewriteTo'),
  triggers: arr(
    obj({
      ...all(str, 'condition rewriteTo'),
      rules: arr(obj({ ...all(str, 'in name pattern'), negate: bool })),
    }),
  ),
});

const operation = obj({
  ...all(allowance, 'allow block ignoreAuthentication'),
  ...all(toggle, 'internal trackEndpoint doNotTrackEndpoint scopeCheck'),
  transformRequestMethod: obj({ enabled: bool, toMethod: str }),
  ...all(transformBody, 'transformRequestBody transformResponseBody'),
  ...all(transformHeaders, 'transformRequestHeaders transformResponseHeaders'),
  urlRewrite,
  cache: obj({ enabled: bool, cacheByRegex: str, cacheResponseCodes: arr(int), timeout: int }),
  enforceTimeout: obj({ enabled: bool, value: int, duration }),
  validateRequest: obj({ enabled: bool, errorResponseCode: int }),
  mockResponse: obj({
    enabled: bool,
    code: int,
    body: str,
    headers,
    fromOASExamples: obj({ enabled: bool, code: int, ...all(str, 'contentType exampleName') }),
  }),
  virtualEndpoint: obj({
    ...all(bool, 'enabled proxyOnError requireSession'),
    ...all(str, 'name functionName path body'),
  }),
  postPlugins: arr(obj({ enabled: bool, ...all(str, 'name functionName path') })),
  circuitBreaker: obj({
    ...all(bool, 'enabled halfOpenStateEnabled'),
    threshold: num,
    ...all(int, 'sampleSize coolDownPeriod'),
  }),
  requestSizeLimit: sizeLimit,
  rateLimit,
  exchange: obj({ enabled: bool, audience: str, scopes: arr(str) }),
});

const global = obj({
  pluginConfig: obj({
    driver: str,
    bundle: obj({ enabled: bool, path: str }),
    data: obj({ enabled: bool, value: map(any) }),
  }),
  cors: obj({
    ...all(bool, 'enabled allowCredentials optionsPassthrough debug'),
    maxAge: int,
    ...all(arr(str), 'exposedHeaders allowedHeaders allowedOrigins allowedMethods'),
  }),
  ...all(obj({ plugins }), 'prePlugin postAuthenticationPlugin postPlugin responsePlugin'),
  ...all(plugins, 'prePlugins postAuthenticationPlugins postPlugins responsePlugins'),
  cache: obj({
    ...all(bool, 'enabled cacheAllSafeRequests enableUpstreamCacheControl'),
    timeout: int,
    cacheResponseCodes: arr(int),
    cacheByHeaders: arr(str),
    controlTTLHeaderName: str,
  }),
  ...all(transformHeaders, 'transformRequestHeaders transformResponseHeaders'),
  ...all(toggle, 'contextVariables ignoreCase'),
  trafficLogs: obj({ enabled: bool, tagHeaders: arr(str), customRetentionPeriod: duration, plugins }),
  requestSizeLimit: sizeLimit,
  ...all(bool, 'skipRateLimit skipQuota skipQuotaReset'),
});

/** `middleware`. */
export const middleware: Schema = obj({
  global,
  ...all(map(operation), 'operations mcpTools mcpResources mcpPrompts'),
});
