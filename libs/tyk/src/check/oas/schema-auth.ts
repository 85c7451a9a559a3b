import { all, any, arr, bool, int, map, num, obj, str, uint64, type Fields, type Schema } from '../../schema/builders';
import { DURATION_PATTERN } from '../../go/durations';

/** Nodes read what is not a duration as no time at all, which hardly anyone means; so it must be one. */
export const duration: Schema = {
  type: ['string', 'null'],
  pattern: DURATION_PATTERN,
  description: 'a duration such as "1m30s"',
};

const source = obj({ enabled: bool, name: str });

/** Where a credential is looked for. */
const sources: Fields = { header: source, query: source, cookie: source };

const scopes = obj({
  claimName: str,
  claims: arr(str),
  scopeToPolicyMapping: arr(obj({ scope: str, policyId: str })),
});

const provider = obj({
  jwt: obj({
    ...all(str, 'signingMethod source identityBaseField'),
    ...all(uint64, 'issuedAtValidationSkew notBeforeValidationSkew expiresAtValidationSkew'),
    enabled: bool,
  }),
  introspection: obj({
    ...all(str, 'url clientId clientSecret identityBaseField'),
    enabled: bool,
    cache: obj({ enabled: bool, timeout: int }),
  }),
  // `tokenExchange` has providers of its own kind under another name, so nothing here meets them.
});

/** Settings of a scheme. Which of them count depends on the scheme's kind, which stands in the document; the names do not clash. */
const securityScheme = obj({
  ...sources,
  ...all(bool, 'enabled enableClientCertificate skipKid disableCaching refreshToken idpClientIdMappingDisabled'),
  ...all(str, 'source signingMethod identityBaseField policyFieldName clientBaseField authLoginRedirect'),
  ...all(uint64, 'issuedAtValidationSkew notBeforeValidationSkew expiresAtValidationSkew'),
  ...all(arr(str), 'subjectClaims basePolicyClaims defaultPolicies allowedIssuers allowedAudiences allowedSubjects'),
  allowedAuthorizeTypes: arr(str),
  cacheTTL: int,
  scopes,
  jwksURIs: arr(obj({ url: str, cacheTimeout: duration })),
  jtiValidation: obj({ enabled: bool }),
  customClaimValidation: map(obj({ type: str, allowedValues: arr(any), nonBlocking: bool })),
  signatureValidation: obj({
    ...all(str, 'algorithm header secret errorMessage'),
    ...all(int, 'allowedClockSkew errorCode'),
    enabled: bool,
    query: source,
  }),
  extractCredentialsFromBody: obj({ enabled: bool, userRegexp: str, passwordRegexp: str }),
  notifications: obj({ sharedSecret: str, onKeyChangeUrl: str }),
  providers: arr(provider),
});

const custom = obj({
  ...sources,
  enabled: bool,
  config: obj({
    ...all(bool, 'enabled rawBodyOnly requireSession'),
    ...all(str, 'functionName path'),
    idExtractor: obj({
      enabled: bool,
      ...all(str, 'source with'),
      config: obj({ ...all(str, 'headerName formParamName regexp xPathExp'), regexpMatchIndex: int }),
    }),
  }),
});

/** `server.authentication`. */
export const authentication: Schema = obj({
  ...all(bool, 'enabled stripAuthorizationData'),
  ...all(str, 'baseIdentityProvider securityProcessingMode'),
  security: arr(arr(str)),
  hmac: obj({ ...sources, enabled: bool, allowedAlgorithms: arr(str), allowedClockSkew: num }),
  oidc: obj({
    ...sources,
    ...all(bool, 'enabled segregateByClientId'),
    providers: arr(obj({ issuer: str, clientToPolicyMapping: arr(obj({ clientId: str, policyId: str })) })),
    scopes,
  }),
  custom,
  securitySchemes: map(securityScheme),
  customKeyLifetime: obj({ ...all(bool, 'enabled respectValidity'), value: duration }),
  certificateAuth: obj({ enabled: bool }),
  protectedResourceMetadata: obj({
    enabled: bool,
    ...all(str, 'wellKnownPath resource'),
    ...all(arr(str), 'authorizationServers scopesSupported'),
  }),
});

const client: Fields = {
  ...all(str, 'clientId clientSecret method tokenUrl'),
  ...all(arr(str), 'scopes extraMetadata'),
  header: source,
};

/** `upstream.authentication`. */
export const upstreamAuthentication: Schema = obj({
  enabled: bool,
  basicAuth: obj({ enabled: bool, header: source, ...all(str, 'username password') }),
  oauth: obj({
    enabled: bool,
    allowedAuthorizeTypes: arr(str),
    clientCredentials: obj(client),
    password: obj({ ...client, ...all(str, 'username password') }),
  }),
  requestSigning: obj({
    enabled: bool,
    ...all(str, 'signatureHeader algorithm keyId secret certificateId'),
    headers: arr(str),
  }),
});

/** A section that is only ever on or off. */
export const toggle: Schema = obj({ enabled: bool });

export const headers: Schema = arr(obj({ name: str, value: str }));
