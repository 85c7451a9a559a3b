import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../../json/json-text';
import { at, listAt, numberAt, objectAt, textAt } from '../../json/read';
import { all, int, map, nonEmptyStr, requiredObj, str, type Schema } from '../../schema/builders';
import { makeCheck, type Problem } from '../../schema/check';
import { entryPath } from '../../schema/path';
import { hasControlCharacter, hookUrlFault } from '../address/target-url';

/** The handler name under which gateways call a web hook (docs/tyk/management.md#web-hooks-in-apis). */
export const WEB_HOOK_HANDLER = 'eh_web_hook_handler';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'];

export const webHookSchema: Schema = {
  ...requiredObj(
    {
      method: nonEmptyStr,
      target_path: nonEmptyStr,
      ...all(str, 'id org_id name template_path webhook_id'),
      header_map: map(str),
      event_timeout: int,
    },
    'method',
    'target_path',
  ),
};

const checkShape = makeCheck(webHookSchema);

/**
 * Whether a web hook (docs/tyk/management.md#web-hooks) is one that gateways can call. Unknown fields are never a
 * problem.
 */
export function checkHook(hook: JsonValue): Problem[] {
  const problems = checkShape(hook);
  if (problems.length > 0) return problems;

  if (!METHODS.includes(textAt(hook, 'method').toUpperCase())) {
    problems.push({ path: 'method', message: `must be one of ${METHODS.join(', ')}` });
  }
  const fault = hookUrlFault(textAt(hook, 'target_path'));
  if (fault !== undefined) problems.push({ path: 'target_path', message: fault });
  if (numberAt(hook, 'event_timeout') < 0) problems.push({ path: 'event_timeout', message: 'must not be negative' });
  return [...problems, ...headerProblems(objectAt(hook, 'header_map'))];
}

/** With a single header that HTTP cannot carry, gateways never send the request. */
function headerProblems(headers: JsonObject): Problem[] {
  return Object.keys(headers).flatMap((name) => {
    const path = entryPath('header_map', name);
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return [{ path, message: 'must have a name that HTTP headers can have' }];
    if (!hasControlCharacter(textAt(headers, name).replaceAll('\t', ''))) return [];
    return [{ path, message: 'must not hold control characters' }];
  });
}

/** The ids of the hooks that the `hook_references` of an API name, each once. */
export function referencedHookIds(hookReferences: JsonValue | undefined): string[] {
  return [
    ...new Set(
      listAt(hookReferences)
        .map(hookIdOf)
        .filter((id) => id !== ''),
    ),
  ];
}

/**
 * Writes the hooks that an API refers to into its definition, as nodes need them
 * (docs/tyk/management.md#web-hooks-in-apis): for each reference one entry under `event_handlers.events[<event_name>]`
 * with the hook's present data. Doing it again changes nothing.
 *
 * An entry counts as written by this function when it is a web hook handler whose `handler_meta` has, as `_id` or `id`, the id of a
 * known, referenced or gone hook. Those follow the references: refreshed in their place, added at the end, or removed. All
 * other entries (log and script handlers, web hooks somebody wrote by hand) stay as they are.
 *
 * @param hookReferences `hook_references` of the API; a reference to a hook that is not in `hooks` leaves no entry
 * @param hooks all web hooks of the organisation by id
 * @param goneIds ids of hooks just deleted, whose references are already gone
 */
export function embedHooks(
  definition: JsonObject,
  hookReferences: JsonValue | undefined,
  hooks: ReadonlyMap<string, JsonObject>,
  goneIds: Iterable<string> = [],
): JsonObject {
  const owned = new Set([...hooks.keys(), ...referencedHookIds(hookReferences), ...goneIds]);
  const wanted = entriesByEvent(hookReferences, hooks);
  const events = objectAt(definition, 'event_handlers', 'events');

  const embedded = Object.entries(events).flatMap(([event, handlers]): [string, JsonValue][] => {
    const list = listAt(handlers);
    const merged = mergeHandlers(list, wanted.get(event) ?? new Map<string, JsonObject>(), owned);
    wanted.delete(event);
    if (list.length === 0 && merged.length === 0) return [[event, handlers]];
    return merged.length === 0 ? [] : [[event, merged]];
  });
  for (const [event, entries] of wanted) embedded.push([event, mergeHandlers([], entries, owned)]);

  if (embedded.length === 0 && Object.keys(events).length === 0) return definition;
  const eventHandlers = objectAt(definition, 'event_handlers');
  return { ...definition, event_handlers: { ...eventHandlers, events: Object.fromEntries(embedded) } };
}

/** What each event's list must hold: handler meta by hook id, in the order of the references. */
function entriesByEvent(hookReferences: JsonValue | undefined, hooks: ReadonlyMap<string, JsonObject>) {
  const wanted = new Map<string, Map<string, JsonObject>>();
  for (const reference of listAt(hookReferences)) {
    const id = hookIdOf(reference);
    const event = textAt(reference, 'event_name');
    const hook = hooks.get(id);
    if (hook === undefined || event === '') continue;

    const entries = wanted.get(event) ?? new Map<string, JsonObject>();
    wanted.set(event, entries.set(id, handlerMeta(id, hook, reference)));
  }
  return wanted;
}

function handlerMeta(id: string, hook: JsonObject, reference: JsonValue): JsonObject {
  const timeout = at(reference, 'event_timeout');
  return {
    _id: id,
    id,
    org_id: textAt(hook, 'org_id'),
    name: textAt(hook, 'name'),
    method: textAt(hook, 'method'),
    target_path: textAt(hook, 'target_path'),
    template_path: textAt(hook, 'template_path'),
    header_map: objectAt(hook, 'header_map'),
    event_timeout: typeof timeout === 'number' ? timeout : numberAt(hook, 'event_timeout'),
  };
}

function mergeHandlers(
  present: readonly JsonValue[],
  wanted: ReadonlyMap<string, JsonObject>,
  owned: ReadonlySet<string>,
): JsonValue[] {
  const missing = new Map(wanted);
  const kept = present.flatMap((entry): JsonValue[] => {
    const id = ownedHookId(entry, owned);
    if (id === undefined || !isJsonObject(entry)) return [entry];

    const meta = missing.get(id);
    if (meta === undefined) return [];
    missing.delete(id);
    return [{ ...entry, handler_meta: { ...objectAt(entry, 'handler_meta'), ...meta } }];
  });
  const added = [...missing.values()].map((meta) => ({ handler_name: WEB_HOOK_HANDLER, handler_meta: meta }));
  return [...kept, ...added];
}

function ownedHookId(entry: JsonValue, owned: ReadonlySet<string>): string | undefined {
  if (textAt(entry, 'handler_name') !== WEB_HOOK_HANDLER) return undefined;
  const meta = objectAt(entry, 'handler_meta');
  return [textAt(meta, '_id'), textAt(meta, 'id')].find((id) => owned.has(id));
}

/** References carry the whole hook; only its id counts, since the rest may be out of date. Ids are the same in either case. */
function hookIdOf(reference: JsonValue): string {
  const hook = isJsonObject(reference) ? ownField(reference, 'hook') : undefined;
  const id = textAt(hook, 'id') || textAt(hook, '_id');
  return /^[0-9a-f]{24}$/i.test(id) ? id.toLowerCase() : id;
}
