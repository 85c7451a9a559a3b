import { ownField, type JsonObject } from '../../json/json-text';
import {
  AUTH_CHECK,
  BASIC,
  CONFIG,
  configToSources,
  EXTERNAL_OAUTH,
  FLOWS,
  HMAC,
  ID_EXTRACTOR,
  JWT,
  OAUTH,
  OIDC,
  REFRESH_TOKEN,
  SIGNATURE,
} from './auth-shapes';
import { OFF, reportOff, reportUnusedConfigs } from './auth-report';
import { isOn, isTokenOn } from '../../openapi/auth-methods';
import { configOf, configPath } from './classic-methods';
import { formatDuration, SECOND } from '../../go/durations';
import { under, type Lost } from '../lost';
import { requirementsToOas } from './security';
import { shapeToOas, type Shape } from '../shape';
import { listAt, numberAt, objectAt, textAt } from '../../json/read';
import { defineField, isUnset, readAt, textsOf, writeAt, type JsonDraft } from '../../openapi/values';

/** What authentication adds to a document: its schemes, the requirement to use them, and the settings in the extension. */
interface Target {
  readonly schemes: JsonDraft;
  readonly settings: JsonDraft;
  readonly authentication: JsonDraft;
}

/** A method: the classic flag that switches it on, its entry in `auth_configs`, its fields. */
interface Method {
  readonly flag: string;
  readonly config: string;
  readonly shape: Shape;
}

/** Turns the classic fields about authentication into schemes of the document and settings of the extension. */
export function authenticationToOas(
  definition: JsonObject,
  document: JsonDraft,
  extension: JsonDraft,
  lost: Lost,
): void {
  const target: Target = { schemes: {}, settings: {}, authentication: { enabled: definition['use_keyless'] !== true } };
  const { schemes, settings, authentication } = target;
  if (definition['strip_auth_data'] === true) authentication['stripAuthorizationData'] = true;
  const identity = textAt(definition['base_identity_provided_by']);
  if (identity !== '') authentication['baseIdentityProvider'] = identity;
  keyLifetimeToOas(definition, authentication);

  addToken(definition, target, lost);
  const bearer = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' };
  addScheme(definition, target, { flag: 'enable_jwt', config: CONFIG.jwt, shape: JWT, scheme: bearer }, lost);
  const basic = { type: 'http', scheme: 'basic' };
  addScheme(definition, target, { flag: 'use_basic_auth', config: CONFIG.basic, shape: BASIC, scheme: basic }, lost);
  addOauth(definition, target, lost);
  addPlain(definition, target, { flag: 'enable_signature_checking', config: CONFIG.hmac, shape: HMAC }, 'hmac', lost);
  addPlain(definition, target, { flag: 'use_openid', config: CONFIG.oidc, shape: OIDC }, 'oidc', lost);
  addCustom(definition, target, lost);
  reportUnusedConfigs(definition, lost);

  if (Object.keys(settings).length > 0) authentication['securitySchemes'] = settings;
  if (Object.keys(schemes).length > 0) document['components'] = { securitySchemes: schemes };
  requirementsToOas(definition, Object.keys(schemes), document, authentication, lost);
  // An API without authentication and without a word about it needs no section.
  if (!isUnset(authentication)) writeAt(extension, 'server.authentication', authentication);
}

/** The name of the scheme: the one the configuration has, if it is fit for a document, otherwise the method's. */
function schemeName(config: JsonObject, method: string, schemes: JsonObject): string {
  const name = textAt(config['name']);
  return /^[a-zA-Z0-9._-]+$/u.test(name) && ownField(schemes, name) === undefined ? name : method;
}

function addToken(definition: JsonObject, { schemes, settings }: Target, lost: Lost): void {
  if (!isTokenOn(definition)) return;
  const config: JsonDraft = { ...configOf(definition, CONFIG.token) };
  const name = schemeName(config, CONFIG.token, schemes);
  const configLost = under(lost, configPath(definition, CONFIG.token));
  const signature = shapeToOas(SIGNATURE, config, configLost);
  const scheme = takeScheme(config, configLost);

  defineField(schemes, name, scheme);
  defineField(settings, name, {
    enabled: true,
    ...configToSources(config),
    ...(config['use_certificate'] === true ? { enableClientCertificate: true } : {}),
    ...(signature === undefined ? {} : { signatureValidation: signature }),
  });
}

/** The first place a token is looked for becomes the document's; it is taken out of the configuration. */
function takeScheme(config: JsonDraft, lost: Lost): JsonDraft {
  const headerName = textAt(config['auth_header_name']);
  if (config['disable_header'] !== true) {
    Object.assign(config, { disable_header: true, auth_header_name: '' });
    return { type: 'apiKey', in: 'header', name: headerName || 'Authorization' };
  }
  if (config['use_param'] === true) {
    const name = textAt(config['param_name']) || headerName || 'Authorization';
    Object.assign(config, { use_param: false, param_name: '' });
    return { type: 'apiKey', in: 'query', name };
  }
  if (config['use_cookie'] === true) {
    const name = textAt(config['cookie_name']) || headerName || 'Authorization';
    Object.assign(config, { use_cookie: false, cookie_name: '' });
    return { type: 'apiKey', in: 'cookie', name };
  }
  lost('', 'names no place to look for the token; an OAS API needs one and gets the header');
  return { type: 'apiKey', in: 'header', name: headerName || 'Authorization' };
}

/** A method that is a scheme of the document. `extra` are settings that no table has. */
function addScheme(
  definition: JsonObject,
  { schemes, settings }: Target,
  method: Method & { readonly scheme: JsonObject },
  lost: Lost,
  extra: JsonObject = {},
): void {
  if (!isOn(definition, method.flag)) {
    reportOff(definition, method.shape, lost);
    return;
  }
  const config = configOf(definition, method.config);
  const name = schemeName(config, method.config, schemes);
  defineField(schemes, name, method.scheme);
  defineField(settings, name, { ...shapeToOas(method.shape, definition, lost), ...configToSources(config), ...extra });
}

function addOauth(definition: JsonObject, target: Target, lost: Lost): void {
  const types = textsOf(readAt(definition, 'oauth_meta.allowed_access_types'));
  const flows = FLOWS.filter(([, type]) => types.includes(type)).map(([flow]) => [flow, emptyFlow(flow)] as const);
  const known: readonly string[] = [...FLOWS.map(([, type]) => type), REFRESH_TOKEN];
  const unknown = types.filter((type) => !known.includes(type));
  const scheme: JsonObject = { type: 'oauth2', flows: Object.fromEntries(flows) };
  const refresh: JsonObject = types.includes(REFRESH_TOKEN) ? { refreshToken: true } : {};

  addScheme(definition, target, { flag: 'use_oauth2', config: CONFIG.oauth, shape: OAUTH, scheme }, lost, refresh);
  if (!isOn(definition, 'use_oauth2') && types.length > 0) lost('oauth_meta.allowed_access_types', OFF);
  if (isOn(definition, 'use_oauth2') && unknown.length > 0) {
    lost('oauth_meta.allowed_access_types', `"${unknown.join('", "')}" is not a flow of OpenAPI`);
  }
  const external = {
    flag: 'external_oauth.enabled',
    config: CONFIG.externalOAuth,
    shape: EXTERNAL_OAUTH,
    scheme: { type: 'oauth2', flows: { authorizationCode: emptyFlow('authorizationCode') } },
  };
  // Without a provider the scheme would be read as the other kind of OAuth.
  const hasProvider = listAt(definition, 'external_oauth', 'providers').length > 0;
  if (isOn(definition, external.flag) && !hasProvider) lost('external_oauth', 'has no provider, and is left out');
  else addScheme(definition, target, external, lost);
}

/** OpenAPI demands the addresses; these are the ones nodes serve below the listen path. */
function emptyFlow(flow: string): JsonDraft {
  return {
    ...(flow === 'authorizationCode' || flow === 'implicit' ? { authorizationUrl: '/oauth/authorize' } : {}),
    ...(flow === 'implicit' ? {} : { tokenUrl: '/oauth/token' }),
    scopes: {},
  };
}

/** A method without a scheme in the document; `at` is its place in the extension. */
function addPlain(
  definition: JsonObject,
  { authentication }: Target,
  method: Method,
  at: 'hmac' | 'oidc',
  lost: Lost,
): void {
  if (!isOn(definition, method.flag)) {
    reportOff(definition, method.shape, lost);
    return;
  }
  const config = configOf(definition, method.config);
  authentication[at] = { ...shapeToOas(method.shape, definition, lost), ...configToSources(config) };
}

function addCustom(definition: JsonObject, { authentication }: Target, lost: Lost): void {
  const check = shapeToOas(AUTH_CHECK, definition, lost);
  const extractor = shapeToOas(ID_EXTRACTOR, definition, lost);
  const enabled = isOn(definition, 'custom_plugin_auth_enabled');
  if (!enabled && check === undefined && extractor === undefined) return;

  const config: JsonDraft | undefined =
    check ?? (extractor === undefined ? undefined : { enabled: true, functionName: '' });
  if (config !== undefined && extractor !== undefined) config['idExtractor'] = { config: {}, ...extractor };
  const sources = ownField(objectAt(definition['auth_configs']), CONFIG.custom);
  authentication['custom'] = {
    enabled,
    ...(config === undefined ? {} : { config }),
    ...(enabled && sources !== undefined ? configToSources(objectAt(sources)) : {}),
  };
}

function keyLifetimeToOas(definition: JsonObject, authentication: JsonDraft): void {
  const seconds = numberAt(definition['session_lifetime']);
  const respect = definition['session_lifetime_respects_key_expiration'] === true;
  if (seconds <= 0 && !respect) return;
  authentication['customKeyLifetime'] = {
    enabled: seconds > 0,
    ...(seconds > 0 ? { value: formatDuration(seconds * SECOND) } : {}),
    ...(respect ? { respectValidity: true } : {}),
  };
}
