import { ownField, type JsonObject } from '../json-text';
import { entryPath } from '../schema/path';
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
import { formatDuration, SECOND } from './durations';
import { under, type Lost } from './lost';
import { requirementsToOas } from './security';
import { shapeToOas, type Shape } from './shape';
import { listAt, numberAt, objectAt, textAt } from '../read';
import { defineField, fieldPath, isUnset, readAt, sameMeaning, textsOf, without, writeAt, type Draft } from './values';

/** What authentication adds to a document: its schemes, the requirement to use them, and the settings in the extension. */
interface Target {
  readonly schemes: Draft;
  readonly settings: Draft;
  readonly authentication: Draft;
}

/** A method: the classic flag that switches it on, its entry in `auth_configs`, its fields. */
interface Method {
  readonly flag: string;
  readonly config: string;
  readonly shape: Shape;
}

const OFF = 'belongs to a method of authentication that is off, and is left out';

/** Turns the classic fields about authentication into schemes of the document and settings of the extension. */
export function authenticationToOas(definition: JsonObject, document: Draft, extension: Draft, lost: Lost): void {
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

/** Which methods are on: each flag, and the token also where nothing else is. */
function isOn(definition: JsonObject, flag: string): boolean {
  if (flag === 'custom_plugin_auth_enabled') {
    return ['custom_plugin_auth_enabled', 'use_go_plugin_auth', 'enable_coprocess_auth'].some(
      (name) => definition[name] === true,
    );
  }
  return readAt(definition, flag) === true;
}

const OTHER_FLAGS = [
  'enable_jwt',
  'enable_signature_checking',
  'use_basic_auth',
  'custom_plugin_auth_enabled',
  'use_oauth2',
  'external_oauth.enabled',
  'use_openid',
];

function isTokenOn(definition: JsonObject): boolean {
  if (definition['use_standard_auth'] === true) return true;
  return definition['use_keyless'] !== true && !OTHER_FLAGS.some((flag) => isOn(definition, flag));
}

/** The method's entry of `auth_configs`. Nodes fall back to the older `auth` for a token and a JWT only. */
function configOf(definition: JsonObject, name: string): JsonObject {
  const found = ownField(objectAt(definition['auth_configs']), name);
  if (found !== undefined) return objectAt(found);
  return name === CONFIG.token || name === CONFIG.jwt ? objectAt(definition['auth']) : {};
}

/** Where that entry stands. */
function configPath(definition: JsonObject, name: string): string {
  return ownField(objectAt(definition['auth_configs']), name) === undefined ? 'auth' : `auth_configs.${name}`;
}

/** The name of the scheme: the one the configuration has, if it is fit for a document, otherwise the method's. */
function schemeName(config: JsonObject, method: string, schemes: JsonObject): string {
  const name = textAt(config['name']);
  return /^[a-zA-Z0-9._-]+$/u.test(name) && ownField(schemes, name) === undefined ? name : method;
}

function addToken(definition: JsonObject, { schemes, settings }: Target, lost: Lost): void {
  if (!isTokenOn(definition)) return;
  const config: Draft = { ...configOf(definition, CONFIG.token) };
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
function takeScheme(config: Draft, lost: Lost): Draft {
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
function emptyFlow(flow: string): Draft {
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

  const config: Draft | undefined =
    check ?? (extractor === undefined ? undefined : { enabled: true, functionName: '' });
  if (config !== undefined && extractor !== undefined) config['idExtractor'] = { config: {}, ...extractor };
  const sources = ownField(objectAt(definition['auth_configs']), CONFIG.custom);
  authentication['custom'] = {
    enabled,
    ...(config === undefined ? {} : { config }),
    ...(enabled && sources !== undefined ? configToSources(objectAt(sources)) : {}),
  };
}

function keyLifetimeToOas(definition: JsonObject, authentication: Draft): void {
  const seconds = numberAt(definition['session_lifetime']);
  const respect = definition['session_lifetime_respects_key_expiration'] === true;
  if (seconds <= 0 && !respect) return;
  authentication['customKeyLifetime'] = {
    enabled: seconds > 0,
    ...(seconds > 0 ? { value: formatDuration(seconds * SECOND) } : {}),
    ...(respect ? { respectValidity: true } : {}),
  };
}

function reportOff(definition: JsonObject, shape: Shape, lost: Lost): void {
  for (const [, path] of shape.fields) {
    const value = readAt(definition, path);
    // The dashboard writes -1, for "not checked", into every definition.
    if (!isUnset(value) && value !== -1) lost(path, OFF);
  }
}

/** Entries of `auth_configs` that no method uses, unless they only say the default. */
function reportUnusedConfigs(definition: JsonObject, lost: Lost): void {
  const flags: readonly (readonly [name: string, on: boolean])[] = [
    [CONFIG.token, isTokenOn(definition)],
    [CONFIG.jwt, isOn(definition, 'enable_jwt')],
    [CONFIG.basic, isOn(definition, 'use_basic_auth')],
    [CONFIG.oauth, isOn(definition, 'use_oauth2')],
    [CONFIG.externalOAuth, isOn(definition, 'external_oauth.enabled')],
    [CONFIG.hmac, isOn(definition, 'enable_signature_checking')],
    [CONFIG.oidc, isOn(definition, 'use_openid')],
    [CONFIG.custom, isOn(definition, 'custom_plugin_auth_enabled')],
  ];
  const used = flags.filter(([, on]) => on).map(([name]) => name);
  for (const [name, config] of Object.entries(objectAt(definition['auth_configs']))) {
    if (!used.includes(name) && !isDefaultConfig(objectAt(config))) lost(entryPath('auth_configs', name), OFF);
  }
  const auth = objectAt(definition['auth']);
  for (const [name] of flags.filter(([, on]) => on)) reportConfigRest(definition, name, lost);
  const replaced = used.some((name) => sameMeaning(without(configOf(definition, name), 'name'), without(auth, 'name')));
  if (!replaced && !isDefaultConfig(auth)) lost('auth', 'is not in use beside auth_configs, and is left out');
}

/** Where a credential is looked for, and what a token can have besides. */
const SOURCE_FIELDS = [
  'name',
  'disable_header',
  'auth_header_name',
  'use_param',
  'param_name',
  'use_cookie',
  'cookie_name',
];
const TOKEN_FIELDS = ['use_certificate', 'validate_signature', 'signature'];

/** Fields of a configuration in use that its method does not have in an OAS API. */
function reportConfigRest(definition: JsonObject, name: string, lost: Lost): void {
  const config = configOf(definition, name);
  const configLost = under(lost, configPath(definition, name));
  const isToken = name === CONFIG.token;
  const known = [...SOURCE_FIELDS, ...(isToken ? TOKEN_FIELDS : [])];
  for (const [field, value] of Object.entries(without(config, ...known))) {
    if (!isUnset(value)) configLost(fieldPath('', field));
  }
  if (!isToken) return;
  const signature = without(objectAt(config['signature']), ...SIGNATURE_FIELDS);
  for (const [field, value] of Object.entries(signature)) {
    if (!isUnset(value)) configLost(fieldPath('signature', field));
  }
}

const SIGNATURE_FIELDS = SIGNATURE.fields.map(([, classic]) => classic.replace(/^signature\./u, ''));

/** The authorization header and nothing else: what the dashboard writes for every method. */
function isDefaultConfig(config: JsonObject): boolean {
  const header = textAt(config['auth_header_name']).toLowerCase();
  return (header === '' || header === 'authorization') && isUnset(without(config, 'name', 'auth_header_name'));
}
