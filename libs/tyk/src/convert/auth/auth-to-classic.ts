import { ownField, type JsonObject } from '../../json/json-text';
import {
  AUTH_CHECK,
  BASIC,
  CONFIG,
  CUSTOM,
  emptyConfig,
  EXTERNAL_OAUTH,
  FLOWS,
  HMAC,
  ID_EXTRACTOR,
  JWT,
  OAUTH,
  OIDC,
  REFRESH_TOKEN,
  SIGNATURE,
  sourcesToConfig,
} from './auth-shapes';
import { parseDuration, SECOND } from '../../go/durations';
import { resolveReference } from '../../openapi/references';
import { activeSchemes, classicRequirements } from './security';
import { shapeToClassic, type Shape } from '../shape';
import { listAt, objectAt, textAt } from '../../json/read';
import { isUnset, readAt, sameMeaning, textsOf, writeAt, type JsonDraft } from '../../openapi/values';

/** Fields that newer ones replaced. Old ones must not contradict what the document says. */
const SUPERSEDED = ['jwt_scope_claim_name', 'jwt_scope_to_policy_mapping'];

/** Writes everything about authentication that the document and its extension say; what they do not mention is off. */
export function authenticationToClassic(document: JsonObject, extension: JsonObject, definition: JsonDraft): void {
  const authentication = objectAt(readAt(extension, 'server.authentication'));
  for (const shape of [JWT, BASIC, OAUTH, EXTERNAL_OAUTH, HMAC, OIDC, CUSTOM, AUTH_CHECK, ID_EXTRACTOR]) {
    shapeToClassic(shape, {}, definition);
  }
  for (const field of SUPERSEDED) Reflect.deleteProperty(definition, field);
  writeAt(definition, 'oauth_meta.allowed_access_types', []);
  definition['use_standard_auth'] = false;

  definition['use_keyless'] = authentication['enabled'] !== true;
  definition['strip_auth_data'] = authentication['stripAuthorizationData'] === true;
  definition['base_identity_provided_by'] = textAt(authentication['baseIdentityProvider']);
  keyLifetimeToClassic(objectAt(authentication['customKeyLifetime']), definition);

  const configs: JsonDraft = {};
  simpleMethod(HMAC, CONFIG.hmac, authentication['hmac'], definition, configs);
  simpleMethod(OIDC, CONFIG.oidc, authentication['oidc'], definition, configs);
  customToClassic(objectAt(authentication['custom']), definition, configs);
  const byCertificate = authentication['certificateAuth'];
  if (byCertificate !== undefined) {
    configs[CONFIG.token] = { ...emptyConfig(''), use_certificate: objectAt(byCertificate)['enabled'] === true };
  }
  for (const name of activeSchemes(document, authentication)) {
    schemeToClassic(document, authentication, name, definition, configs);
  }

  definition['auth_configs'] = configs;
  // Nodes before 3.0 read this one, and newer ones where the map has nothing for a token or a JWT.
  const first = configs[CONFIG.token] ?? configs[CONFIG.jwt];
  if (first !== undefined) definition['auth'] = first;

  for (const field of ['security_requirements', 'security_requirement_scopes']) {
    Reflect.deleteProperty(definition, field);
  }
  Object.assign(definition, classicRequirements(document, authentication));
}

function keyLifetimeToClassic(lifetime: JsonObject, definition: JsonDraft): void {
  const seconds = Math.floor(parseDuration(textAt(lifetime['value'])) / SECOND);
  definition['session_lifetime'] = lifetime['enabled'] === true ? seconds : 0;
  definition['session_lifetime_respects_key_expiration'] = lifetime['respectValidity'] === true;
}

/** A method that has its own place in the extension and no scheme in the document. */
function simpleMethod(
  shape: Shape,
  config: string,
  value: JsonObject[string] | undefined,
  definition: JsonDraft,
  configs: JsonDraft,
): void {
  if (isUnset(value)) return;
  const method = objectAt(value);
  shapeToClassic(shape, method, definition);
  configs[config] = methodConfig('', method);
}

function methodConfig(name: string, method: JsonObject): JsonDraft {
  const config = emptyConfig(name);
  sourcesToConfig(method, config);
  return config;
}

function customToClassic(custom: JsonObject, definition: JsonDraft, configs: JsonDraft): void {
  const enabled = custom['enabled'] === true;
  shapeToClassic(CUSTOM, custom, definition);
  // Two older names of the flag, by driver: nodes before 5.0 know these only.
  const goPlugin = readAt(definition, 'custom_middleware.driver') === 'goplugin';
  definition['enable_coprocess_auth'] = enabled && !goPlugin;
  definition['use_go_plugin_auth'] = enabled && goPlugin;

  shapeToClassic(AUTH_CHECK, objectAt(custom['config']), definition);
  shapeToClassic(ID_EXTRACTOR, objectAt(readAt(custom, 'config.idExtractor')), definition);
  const config = methodConfig('', custom);
  if (!sameMeaning(config, emptyConfig(''))) configs[CONFIG.custom] = config;
}

/** One security scheme: its kind stands in the document, what the node does with it in the extension. */
function schemeToClassic(
  document: JsonObject,
  authentication: JsonObject,
  name: string,
  definition: JsonDraft,
  configs: JsonDraft,
): void {
  const schemes = objectAt(readAt(document, 'components.securitySchemes'));
  const scheme = objectAt(resolveReference(document, ownField(schemes, name)));
  const found = ownField(objectAt(authentication['securitySchemes']), name);
  const method = objectAt(found);

  switch (schemeKind(scheme)) {
    case 'apiKey':
      tokenToClassic(name, scheme, method, authentication, definition, configs);
      break;
    case 'jwt':
      shapeToClassic(JWT, modernJwt(method), definition);
      configs[CONFIG.jwt] = methodConfig(name, method);
      break;
    case 'basic':
      shapeToClassic(BASIC, method, definition);
      configs[CONFIG.basic] = methodConfig(name, method);
      break;
    case 'oauth2':
      if (found !== undefined) oauthToClassic(name, scheme, method, definition, configs);
      break;
    case undefined:
  }
}

/** The kind of a scheme of the document, as far as nodes have a method for it. */
export function schemeKind(scheme: JsonObject): 'apiKey' | 'jwt' | 'basic' | 'oauth2' | undefined {
  const type = textAt(scheme['type']);
  if (type === 'apiKey' || type === 'oauth2') return type;
  if (type !== 'http') return undefined;
  if (scheme['scheme'] === 'basic') return 'basic';
  return scheme['scheme'] === 'bearer' && scheme['bearerFormat'] === 'JWT' ? 'jwt' : undefined;
}

function tokenToClassic(
  name: string,
  scheme: JsonObject,
  token: JsonObject,
  authentication: JsonObject,
  definition: JsonDraft,
  configs: JsonDraft,
): void {
  const before = objectAt(configs[CONFIG.token]);
  const config = methodConfig(name, token);
  shapeToClassic(SIGNATURE, objectAt(token['signatureValidation']), config);
  const ownCertificate = authentication['certificateAuth'] === undefined && token['enableClientCertificate'] === true;
  config['use_certificate'] = before['use_certificate'] === true || ownCertificate;

  const key = textAt(scheme['name']);
  if (scheme['in'] === 'header') Object.assign(config, { disable_header: false, auth_header_name: key });
  if (scheme['in'] === 'query') Object.assign(config, { use_param: true, param_name: key });
  if (scheme['in'] === 'cookie') Object.assign(config, { use_cookie: true, cookie_name: key });
  definition['use_standard_auth'] = token['enabled'] === true;
  configs[CONFIG.token] = config;
}

/** In versions after 5.9 some claims are lists; a classic definition takes the first. */
function modernJwt(jwt: JsonObject): JsonDraft {
  const first = (claims: JsonObject[string] | undefined, single: string): JsonDraft => {
    const [claim] = textsOf(claims);
    return claim === undefined ? {} : { [single]: claim };
  };
  const scopes = objectAt(jwt['scopes']);
  return {
    ...jwt,
    ...first(jwt['subjectClaims'], 'identityBaseField'),
    ...first(jwt['basePolicyClaims'], 'policyFieldName'),
    scopes: { ...scopes, ...first(scopes['claims'], 'claimName') },
  };
}

function oauthToClassic(
  name: string,
  scheme: JsonObject,
  method: JsonObject,
  definition: JsonDraft,
  configs: JsonDraft,
): void {
  // The newest kind of OAuth, which lives in the document alone.
  if (['tokenExchange', 'scopeCheck', 'protectedResourceMetadata'].some((part) => method[part] !== undefined)) return;
  if (listAt(method['providers']).length > 0) {
    shapeToClassic(EXTERNAL_OAUTH, method, definition);
    configs[CONFIG.externalOAuth] = methodConfig(name, method);
    return;
  }
  shapeToClassic(OAUTH, method, definition);
  const flows = objectAt(scheme['flows']);
  const granted = FLOWS.filter(([flow]) => flows[flow] !== undefined).map(([, type]) => type);
  const types = method['refreshToken'] === true ? [REFRESH_TOKEN, ...granted] : granted;
  writeAt(definition, 'oauth_meta.allowed_access_types', types);
  configs[CONFIG.oauth] = methodConfig(name, method);
}
