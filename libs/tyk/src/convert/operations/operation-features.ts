import { type JsonObject, type JsonValue } from '../../json/json-text';
import { flag, headers, list, number, opposite, seconds, text, whole } from '../codecs';
import { formatDuration, parseDuration, SECOND } from '../../go/durations';
import { type Lost } from '../lost';
import { shapeToClassic, shapeToOas, type Shape } from '../shape';
import { urlRewriteToClassic, urlRewriteToOas } from './url-rewrite';
import { numberAt, objectAt, textAt } from '../../json/read';
import { fieldPath, isUnset, objectsOf, without, type JsonDraft } from '../../openapi/values';

/** A setting of an operation and the list in `extended_paths` whose entries say the same, one per path and method. */
export interface Feature {
  readonly oas: string;
  readonly classic: string;
  /** The fields of an entry that {@link Feature.toOas} reads. */
  readonly known: readonly string[];
  /** The entry without path and method; undefined when the setting is off. */
  readonly toClassic: (setting: JsonValue) => JsonDraft | undefined;
  /** The setting; `lost` is told each field of the entry it cannot express. */
  readonly toOas: (entry: JsonObject, lost: Lost) => JsonValue;
}

/** What the fields of a table do not say, on each side. */
interface Extra {
  readonly known: readonly string[];
  readonly toClassic: (setting: JsonObject) => JsonDraft;
  readonly toOas: (entry: JsonObject, lost: Lost) => JsonDraft;
}

function feature(oas: string, classic: string, fields: Shape['fields'], extra?: Extra): Feature {
  const shape: Shape = { off: 'disabled', fields };
  return {
    oas,
    classic,
    known: [...COMMON, ...fields.map(([, path]) => topField(path)), ...(extra?.known ?? [])],
    toClassic: (value) => {
      const setting = objectAt(value);
      // Entries that are off are left out: older nodes do not know the flag on every list and would apply them.
      if (setting['enabled'] !== true) return undefined;
      const entry: JsonDraft = {};
      shapeToClassic(shape, setting, entry);
      return { ...entry, ...extra?.toClassic(setting) };
    },
    toOas: (entry, lost) => ({
      enabled: entry['disabled'] !== true,
      ...shapeToOas(shape, entry, lost),
      ...extra?.toOas(entry, lost),
    }),
  };
}

const COMMON = ['path', 'method', 'disabled'];

function topField(path: string): string {
  return path.split('.', 1).join('');
}

const ALLOWANCE: Shape['fields'] = [['ignoreCase', 'ignore_case', flag]];

const HEADERS: Shape['fields'] = [
  ['remove', 'delete_headers', list],
  ['add', 'add_headers', headers],
];

/** What of a template has a counterpart; the session is on offer to every template of an OAS API. */
const TEMPLATE_FIELDS = ['input_type', 'template_mode', 'template_source', 'enable_session'];

/** A template is a file's path or the template itself, in two fields of the extension and in one classic field with a mode. */
function bodyTemplate(oas: string, classic: string): Feature {
  return feature(oas, classic, [['format', 'template_data.input_type', text, 'required']], {
    known: [],
    toClassic: (setting) => {
      const body = textAt(setting['body']);
      return {
        template_data: {
          input_type: textAt(setting['format']),
          template_mode: body === '' ? 'file' : 'blob',
          enable_session: true,
          template_source: body === '' ? textAt(setting['path']) : body,
        },
      };
    },
    toOas: (entry, lost) => {
      const template = objectAt(entry['template_data']);
      const source = textAt(template['template_source']);
      for (const [field, value] of Object.entries(without(template, ...TEMPLATE_FIELDS))) {
        if (!isUnset(value)) lost(fieldPath('template_data', field));
      }
      return template['template_mode'] === 'blob' ? { body: source } : { path: source };
    },
  });
}

const virtualEndpoint = feature(
  'virtualEndpoint',
  'virtual',
  [
    ['functionName', 'response_function_name', text, 'required'],
    ['proxyOnError', 'proxy_on_error', flag],
    ['requireSession', 'use_session', flag],
  ],
  {
    known: ['function_source_type', 'function_source_uri'],
    toClassic: (setting) => {
      const body = textAt(setting['body']);
      return {
        response_function_name: textAt(setting['functionName']) || textAt(setting['name']),
        function_source_type: body === '' ? 'file' : 'blob',
        function_source_uri: body === '' ? textAt(setting['path']) : body,
      };
    },
    toOas: (entry) => {
      const source = textAt(entry['function_source_uri']);
      return entry['function_source_type'] === 'blob' ? { body: source } : { path: source };
    },
  },
);

const enforceTimeout = feature('enforceTimeout', 'hard_timeouts', [['value', 'timeout', number, 'required']], {
  known: ['duration'],
  toClassic: (setting) => exactTimeout(setting, 'timeout'),
  toOas: (entry, lost) => {
    const exact = exactTimeout(entry, 'value');
    const seconds = numberAt(entry['timeout']);
    if (seconds !== 0 && exact['value'] !== undefined && exact['value'] !== seconds) {
      lost('timeout', 'is not in use beside duration, which says something else');
    }
    return exact;
  },
});

/** A timeout below one second or with a fraction has a duration text beside the whole seconds, which are rounded up. */
function exactTimeout(from: JsonObject, wholeSeconds: 'timeout' | 'value'): JsonDraft {
  const exact = parseDuration(textAt(from['duration']));
  if (exact === 0) return {};
  return { [wholeSeconds]: Math.ceil(exact / SECOND), duration: formatDuration(exact) };
}

const urlRewrite = feature(
  'urlRewrite',
  'url_rewrites',
  [
    ['pattern', 'match_pattern', text, 'required'],
    ['rewriteTo', 'rewrite_to', text, 'required'],
  ],
  { known: ['triggers'], toClassic: urlRewriteToClassic, toOas: urlRewriteToOas },
);

/** The extension has a list of plugins per operation, of which nodes run the first. */
const postPlugins: Feature = {
  oas: 'postPlugins',
  classic: 'go_plugin',
  known: [...COMMON, 'plugin_path', 'func_name'],
  toClassic: (setting) => {
    const plugin = objectsOf(setting)[0];
    if (plugin?.['enabled'] !== true) return undefined;
    const name = textAt(plugin['functionName']) || textAt(plugin['name']);
    return { disabled: false, plugin_path: textAt(plugin['path']), func_name: name };
  },
  toOas: (entry) => [
    {
      enabled: entry['disabled'] !== true,
      functionName: textAt(entry['func_name']),
      path: textAt(entry['plugin_path']),
    },
  ],
};

/** Nodes read this one from the document; the entry says it again for those that look into the classic definition (4.x). */
const validateRequest: Feature = {
  oas: 'validateRequest',
  classic: 'validate_request',
  known: [...COMMON, 'enabled', 'error_response_code'],
  toClassic: (value) => {
    const setting = objectAt(value);
    if (setting['enabled'] !== true) return undefined;
    return { enabled: true, error_response_code: numberAt(setting['errorResponseCode']) };
  },
  toOas: (entry) => ({
    enabled: entry['enabled'] === true,
    errorResponseCode: numberAt(entry['error_response_code']),
  }),
};

/**
 * The settings of operations that have a list in `extended_paths`. `mockResponse` is not among them: nodes take it from the
 * document and answer after authentication, while a classic mock would answer before it.
 */
export const FEATURES: readonly Feature[] = [
  feature('allow', 'white_list', ALLOWANCE),
  feature('block', 'black_list', ALLOWANCE),
  feature('ignoreAuthentication', 'ignored', ALLOWANCE),
  feature('internal', 'internal', []),
  feature('transformRequestMethod', 'method_transforms', [['toMethod', 'to_method', text, 'required']]),
  bodyTemplate('transformRequestBody', 'transform'),
  bodyTemplate('transformResponseBody', 'transform_response'),
  feature('transformRequestHeaders', 'transform_headers', HEADERS),
  feature('transformResponseHeaders', 'transform_response_headers', HEADERS),
  urlRewrite,
  feature('cache', 'advance_cache_config', [
    ['cacheByRegex', 'cache_key_regex', text],
    ['cacheResponseCodes', 'cache_response_codes', list],
    ['timeout', 'timeout', number],
  ]),
  enforceTimeout,
  validateRequest,
  virtualEndpoint,
  postPlugins,
  feature('circuitBreaker', 'circuit_breakers', [
    ['threshold', 'threshold_percent', number, 'required'],
    ['sampleSize', 'samples', number, 'required'],
    ['coolDownPeriod', 'return_to_service_after', number, 'required'],
    ['halfOpenStateEnabled', 'disable_half_open_state', opposite],
  ]),
  feature('trackEndpoint', 'track_endpoints', []),
  feature('doNotTrackEndpoint', 'do_not_track_endpoints', []),
  feature('requestSizeLimit', 'size_limits', [['value', 'size_limit', number, 'required']]),
  feature('rateLimit', 'rate_limit', [
    ['rate', 'rate', whole, 'required'],
    ['per', 'per', seconds, 'required'],
  ]),
];

/** Features whose classic entry decides about a path as a whole on nodes before 4.0, unless it lists its methods. */
export const ALLOWANCES: ReadonlySet<string> = new Set(['white_list', 'black_list', 'ignored']);
