import { isIP } from 'node:net';
import type { JsonObject } from '../../json/json-text';
import { at, flagAt, listAt, numberAt, objectAt, textAt } from '../../json/read';
import { readConfigs } from '../../openapi/auth-methods';
import { entryPath } from '../../schema/path';
import type { Problem } from '../../schema/check';
import { domainFault, listenPathFault } from '../address/listen-address';
import { hasControlCharacter, targetUrlFault } from '../address/target-url';
import { checkCompiled } from '../compiled/check-compiled';
import { DEFINITION_FIELDS } from '../compiled/fields';

type Rule = (definition: JsonObject) => Problem[];

/**
 * Whether a definition that passed `checkDefinition` makes sense: only mistakes that are certain, because no gateway would load or
 * route such an API, or because gateways and dashboards refuse it themselves.
 */
export function checkDefinitionMeaning(definition: JsonObject): Problem[] {
  return RULES.flatMap((rule) => rule(definition));
}

/** Only HTTP APIs are found by their path; for TCP and TLS the port and the domain decide. */
const listenPath: Rule = (definition) => {
  const path = textAt(definition, 'proxy', 'listen_path');
  if (path === '' || !['', 'http', 'https'].includes(textAt(definition, 'protocol'))) return [];

  const fault = listenPathFault(path);
  return fault === undefined ? [] : [{ path: 'proxy.listen_path', message: fault }];
};

const domain: Rule = (definition) => {
  const fault = flagAt(definition, 'domain_disabled') ? undefined : domainFault(textAt(definition, 'domain'));
  return fault === undefined ? [] : [{ path: 'domain', message: fault }];
};

/** docs/tyk/definitions.md#compiled-fields */
const compiled: Rule = (definition) => checkCompiled(definition, DEFINITION_FIELDS);

/** Gateways also serve every API under `/<api_id>/`, name files after it and take it from the paths of their control API. */
const apiId: Rule = (definition) => {
  const id = textAt(definition, 'api_id');
  if (!/[\s/\\?#%{}]/.test(id) && !hasControlCharacter(id) && id !== '.' && id !== '..') return [];
  return [
    { path: 'api_id', message: 'must be usable as one segment of a path: no slashes, spaces, or any of \\ ? # % { }' },
  ];
};

const targetUrl: Rule = (definition) => {
  const path = 'proxy.target_url';
  const given = at(definition, 'proxy', 'target_url');
  const url = typeof given === 'string' ? given : undefined;
  const isMain = !hasOtherUpstream(definition);
  if (url === undefined && isMain) return [{ path, message: 'is required; "" is for an API that has no upstream' }];
  // Beside another upstream the address is not used, and people leave anything there.
  const fault = url === undefined || url === '' || !isMain ? undefined : targetUrlFault(url);
  return fault === undefined ? [] : [{ path, message: fault }];
};

function hasOtherUpstream(definition: JsonObject): boolean {
  return (
    flagAt(definition, 'graphql', 'enabled') ||
    flagAt(definition, 'is_oas') ||
    flagAt(definition, 'proxy', 'enable_load_balancing') ||
    flagAt(definition, 'proxy', 'service_discovery', 'use_discovery_service') ||
    versionsOf(definition).some(([, version]) => textAt(version, 'override_target') !== '')
  );
}

const defaultVersion: Rule = (definition) => {
  const name = textAt(definition, 'version_data', 'default_version');
  const names = versionsOf(definition).map(([key]) => key);
  if (name === '' || names.length === 0 || flagAt(definition, 'version_data', 'not_versioned')) return [];
  if (names.includes(name)) return [];
  return [{ path: 'version_data.default_version', message: `must name a version; there are ${names.join(', ')}` }];
};

/** An enabled kind of authentication must be able to find the credential somewhere. */
const authSources: Rule = (definition) =>
  readConfigs(definition).flatMap((kind) => {
    const config = objectAt(definition, 'auth_configs', kind);
    const nowhere = flagAt(config, 'disable_header') && !flagAt(config, 'use_param') && !flagAt(config, 'use_cookie');
    if (!nowhere) return [];
    return [{ path: entryPath('auth_configs', kind), message: 'must allow a header, a query parameter or a cookie' }];
  });

const ipLists: Rule = (definition) =>
  [
    ['enable_ip_whitelisting', 'allowed_ips'],
    ['enable_ip_blacklisting', 'blacklisted_ips'],
  ].flatMap(([flag = '', list = '']) =>
    flagAt(definition, flag)
      ? listAt(definition, list).flatMap((address, index) =>
          isAddressOrBlock(typeof address === 'string' ? address : '')
            ? []
            : [{ path: `${list}[${index}]`, message: 'must be an IP address or a block such as 10.0.0.0/8' }],
        )
      : [],
  );

function isAddressOrBlock(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}

const dataSourceNames: Rule = (definition) => {
  const path = 'graphql.engine.data_sources';
  const names = listAt(definition, 'graphql', 'engine', 'data_sources').map((source) =>
    textAt(source, 'name').toLowerCase().trim(),
  );
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [{ path: `${entryPath(path, index)}.name`, message: 'must differ from the names of the other data sources' }],
  );
};

const timeouts: Rule = (definition) =>
  versionsOf(definition).flatMap(([name, version]) => {
    const path = entryPath('version_data.versions', name);
    const isNegative = (duration: string) => /^-.*[1-9]/.test(duration);
    const rules = listAt(version, 'extended_paths', 'hard_timeouts').flatMap((rule, index) =>
      numberAt(rule, 'timeout') < 0 || isNegative(textAt(rule, 'duration'))
        ? [{ path: entryPath(`${path}.extended_paths.hard_timeouts`, index), message: 'must not be negative' }]
        : [],
    );
    if (!isNegative(textAt(version, 'global_enforce_timeout'))) return rules;
    return [...rules, { path: `${path}.global_enforce_timeout`, message: 'must not be negative' }];
  });

const upstreamAuth: Rule = (definition) => {
  const auth = objectAt(definition, 'upstream_auth');
  if (!flagAt(auth, 'enabled') || !flagAt(auth, 'oauth', 'enabled')) return [];
  if (flagAt(auth, 'basic_auth', 'enabled')) {
    return [{ path: 'upstream_auth', message: 'must not enable both basic_auth and oauth' }];
  }
  const types = listAt(auth, 'oauth', 'allowed_authorize_types');
  if (types.length === 1 && (types[0] === 'clientCredentials' || types[0] === 'password')) return [];
  return [
    {
      path: 'upstream_auth.oauth.allowed_authorize_types',
      message: 'must hold either "clientCredentials" or "password"',
    },
  ];
};

function versionsOf(definition: JsonObject) {
  return Object.entries(objectAt(definition, 'version_data', 'versions'));
}

const RULES: readonly Rule[] = [
  listenPath,
  domain,
  apiId,
  targetUrl,
  defaultVersion,
  authSources,
  ipLists,
  dataSourceNames,
  timeouts,
  upstreamAuth,
  compiled,
];
