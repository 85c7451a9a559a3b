import { type JsonObject } from '../json/json-text';
import { each, flag, list, nanoseconds, object, seconds, text } from './codecs';
import { under, type Lost } from './lost';
import { nested, shapeToClassic, shapeToOas, type Shape } from './shape';
import { numberAt, objectAt, textAt } from '../json/read';
import { byName, isUnset, objectsOf, readAt, sameMeaning, textsOf, writeAt, type JsonDraft } from '../openapi/values';

/*
 * Parts of `upstream` (and the addresses of `server`) where a classic field does not stand for exactly one field of the
 * extension. Each pair of functions is the two directions of one part.
 */

const DISCOVERY: Shape = {
  fields: [
    ['enabled', 'use_discovery_service', flag, 'required'],
    ['queryEndpoint', 'query_endpoint', text],
    ['dataPath', 'data_path', text],
    ['useNestedQuery', 'use_nested_query', flag],
    ['parentDataPath', 'parent_data_path', text],
    ['portDataPath', 'port_data_path', text],
    ['useTargetList', 'use_target_list', flag],
    ['targetPath', 'target_path', text],
    ['endpointReturnsList', 'endpoint_returns_list', flag],
  ],
};

const DISCOVERY_FIELDS = [...DISCOVERY.fields.map(([, classic]) => classic), 'cache_disabled', 'cache_timeout'];

/** Where service discovery stands, once for the upstream and once for its uptime tests. */
const DISCOVERIES = [
  ['upstream.serviceDiscovery', 'proxy.service_discovery'],
  ['upstream.uptimeTests.serviceDiscovery', 'uptime_tests.config.service_discovery'],
] as const;

function discoveryToClassic(section: JsonObject, target: JsonDraft): void {
  const cache = objectAt(section['cache']);
  const cached = section['enabled'] === true && cache['enabled'] === true;
  shapeToClassic(DISCOVERY, section, target);
  target['cache_disabled'] = !cached;
  target['cache_timeout'] = numberAt(cache['timeout']);
}

function discoveryToOas(source: JsonObject, lost: Lost): JsonDraft | undefined {
  const section = shapeToOas(DISCOVERY, source, lost);
  if (section === undefined) return undefined;
  const cached = section['enabled'] === true && source['cache_disabled'] !== true;
  if (cached) section['cache'] = { enabled: true, timeout: numberAt(source['cache_timeout']) };
  return section;
}

const UPTIME_CONFIG: Shape = {
  fields: [
    ['hostDownRetestPeriod', 'recheck_wait', seconds],
    ['logRetentionPeriod', 'expire_utime_after', seconds],
  ],
};

const UPTIME_CHECKS = each(
  nested({
    fields: [
      ['url', 'url', text, 'required'],
      ['timeout', 'timeout', nanoseconds],
      ['method', 'method', text],
      ['headers', 'headers', object],
      ['body', 'body', text],
      ['enableProxyProtocol', 'enable_proxy_protocol', flag],
      ['commands', 'commands', list],
    ],
  }),
);

function uptimeToClassic(section: JsonObject, definition: JsonDraft): void {
  const enabled = section['enabled'] === true;
  const tests: JsonDraft = { ...objectAt(definition['uptime_tests']), disabled: !enabled };
  const config: JsonDraft = { ...objectAt(tests['config']) };
  shapeToClassic(UPTIME_CONFIG, section, config);
  // A node that does not know the flag runs whatever is in the list.
  const checks = enabled ? UPTIME_CHECKS.toClassic(section['tests']) : [];
  definition['uptime_tests'] = { ...tests, config, check_list: objectsOf(checks).map(withProtocol) };
}

function uptimeToOas(tests: JsonObject, lost: Lost): JsonDraft | undefined {
  const section = shapeToOas(UPTIME_CONFIG, objectAt(tests['config']), under(lost, 'uptime_tests.config'));
  const classic = objectsOf(tests['check_list']).map(withoutProtocol);
  const checks = UPTIME_CHECKS.toOas(classic);
  if (!sameMeaning(UPTIME_CHECKS.toClassic(checks), classic)) lost('uptime_tests.check_list');
  if (section === undefined && checks === undefined) return undefined;
  const enabled = checks !== undefined && tests['disabled'] !== true;
  return { enabled, ...section, ...(checks === undefined ? {} : { tests: checks }) };
}

/** The classic check names its protocol beside the URL, the extension in the URL alone. */
function withProtocol(check: JsonObject): JsonDraft {
  const [protocol] = textAt(check['url']).split('://', 1);
  return { ...check, protocol: textAt(check['url']).includes('://') ? textAt(protocol) : '' };
}

function withoutProtocol(check: JsonObject): JsonDraft {
  const { protocol, ...rest } = check;
  const name = textAt(protocol);
  if (name === '') return rest;
  return { ...rest, url: `${name}://${textAt(check['url']).replace(/^[^:/]*:\/\//u, '')}` };
}

const TARGET: Shape = {
  fields: [
    ['enabled', 'enable_load_balancing', flag, 'required'],
    ['skipUnavailableHosts', 'check_host_against_uptime_tests', flag],
  ],
};

/** `upstream` parts of the extension into the classic definition. */
export function upstreamToClassic(extension: JsonObject, definition: JsonDraft): void {
  uptimeToClassic(objectAt(readAt(extension, 'upstream.uptimeTests')), definition);

  for (const [oas, classic] of DISCOVERIES) {
    const target: JsonDraft = { ...objectAt(readAt(definition, classic)) };
    discoveryToClassic(objectAt(readAt(extension, oas)), target);
    writeAt(definition, classic, target);
  }

  const balancing = objectAt(readAt(extension, 'upstream.loadBalancing'));
  const targets = objectsOf(balancing['targets']).flatMap((target) =>
    Array.from({ length: Math.min(MAX_WEIGHT, Math.max(0, numberAt(target['weight']))) }, () => textAt(target['url'])),
  );
  const proxy: JsonDraft = { ...objectAt(definition['proxy']), target_list: targets };
  shapeToClassic(TARGET, targets.length > 0 ? balancing : {}, proxy);
  definition['proxy'] = proxy;

  const outgoing = objectAt(readAt(extension, 'upstream.proxy'));
  writeAt(definition, 'proxy.transport.proxy_url', outgoing['enabled'] === false ? '' : textAt(outgoing['url']));
}

/** A weight is a number of equal entries in the classic list; the schema of the extension has the same limit. */
const MAX_WEIGHT = 1000;

/** `upstream` parts of the classic definition into the extension. */
export function upstreamToOas(definition: JsonObject, extension: JsonDraft, lost: Lost): void {
  const uptime = uptimeToOas(objectAt(definition['uptime_tests']), lost);
  if (uptime !== undefined) writeAt(extension, 'upstream.uptimeTests', uptime);

  for (const [oas, classic] of DISCOVERIES) {
    const section = discoveryToOas(objectAt(readAt(definition, classic)), under(lost, classic));
    if (section !== undefined) writeAt(extension, oas, section);
  }

  const proxy = objectAt(definition['proxy']);
  const targets = textsOf(proxy['target_list']);
  if (targets.length > 0) {
    const urls = [...new Set(targets)].sort(byName);
    const weighted = urls.map((url) => ({ url, weight: targets.filter((target) => target === url).length }));
    const balancing = shapeToOas(TARGET, proxy, under(lost, 'proxy')) ?? { enabled: false };
    writeAt(extension, 'upstream.loadBalancing', { ...balancing, targets: weighted });
  } else {
    for (const flag of ['enable_load_balancing', 'check_host_against_uptime_tests']) {
      if (!isUnset(proxy[flag])) lost(`proxy.${flag}`, 'has no effect in an OAS API without a target list');
    }
  }

  const url = textAt(readAt(definition, 'proxy.transport.proxy_url'));
  if (url !== '') writeAt(extension, 'upstream.proxy', { enabled: true, url });
}

/** Allowed and blocked addresses. Nodes before 5.8 know the two `enable_ip_…` flags only, newer ones read either. */
export function addressesToClassic(extension: JsonObject, definition: JsonDraft): void {
  const control = objectAt(readAt(extension, 'server.ipAccessControl'));
  const enabled = control['enabled'] === true;
  const allowed = enabled ? textsOf(control['allow']) : [];
  const blocked = enabled ? textsOf(control['block']) : [];
  Object.assign(definition, {
    ip_access_control_disabled: !enabled,
    enable_ip_whitelisting: allowed.length > 0,
    allowed_ips: allowed,
    enable_ip_blacklisting: blocked.length > 0,
    blacklisted_ips: blocked,
  });
}

export function addressesToOas(definition: JsonObject, extension: JsonDraft, lost: Lost): void {
  const allow = activeList(definition, 'enable_ip_whitelisting', 'allowed_ips', lost);
  const block = activeList(definition, 'enable_ip_blacklisting', 'blacklisted_ips', lost);
  if (allow.length === 0 && block.length === 0) return;
  writeAt(extension, 'server.ipAccessControl', { enabled: true, allow, block });
}

function activeList(definition: JsonObject, enable: string, addresses: string, lost: Lost): string[] {
  const found = textsOf(definition[addresses]);
  if (found.length === 0 && definition[enable] === true) lost(enable, 'has no effect without addresses');
  if (found.length === 0 || definition[enable] === true) return found;
  lost(addresses, `is not in use (${enable} is off) and is left out: an OAS API has one switch for both lists`);
  return [];
}

/** Classic paths that this file looks after. */
export const UPSTREAM_PATHS: readonly string[] = [
  'uptime_tests.disabled',
  'uptime_tests.check_list',
  'uptime_tests.config.recheck_wait',
  'uptime_tests.config.expire_utime_after',
  ...DISCOVERIES.flatMap(([, classic]) => DISCOVERY_FIELDS.map((field) => `${classic}.${field}`)),
  'proxy.target_list',
  'proxy.enable_load_balancing',
  'proxy.check_host_against_uptime_tests',
  'proxy.transport.proxy_url',
  'ip_access_control_disabled',
  'enable_ip_whitelisting',
  'allowed_ips',
  'enable_ip_blacklisting',
  'blacklisted_ips',
];
