import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { entryPath } from '../schema/path';
import { headers, seconds, text } from './codecs';
import { under, type Lost } from './lost';
import { shapeToClassic, shapeToOas, type Shape } from './shape';
import { listAt, objectAt, textAt } from '../json/read';
import {
  byName,
  defineField,
  fieldPath,
  isUnset,
  objectsOf,
  readAt,
  without,
  writeAt,
  type JsonDraft,
} from '../openapi/values';

interface Kind {
  /** The handler's name in a classic definition. */
  readonly handler: string;
  /** The classic field a handler is named after when it has no name of its own. */
  readonly name?: string;
  readonly meta: Shape;
}

/** The kinds of handlers an OAS API can have, by their `type`. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  [
    'webhook',
    {
      handler: 'eh_web_hook_handler',
      meta: {
        off: 'disabled',
        fields: [
          ['id', 'id', text],
          ['name', 'name', text],
          ['url', 'target_path', text, 'required'],
          ['method', 'method', text, 'required'],
          ['headers', 'header_map', headers],
          ['cooldownPeriod', 'event_timeout', seconds, 'required'],
          ['bodyTemplate', 'template_path', text, 'required'],
        ],
      },
    },
  ],
  [
    'custom',
    {
      handler: 'eh_dynamic_handler',
      name: 'name',
      meta: {
        off: 'disabled',
        fields: [
          ['id', 'id', text],
          ['functionName', 'name', text, 'required'],
          ['path', 'path', text, 'required'],
        ],
      },
    },
  ],
  [
    'log',
    {
      handler: 'eh_log_handler',
      name: 'prefix',
      meta: { off: 'disabled', fields: [['logPrefix', 'prefix', text, 'required']] },
    },
  ],
]);

const HANDLERS: ReadonlySet<string> = new Set([...KINDS.values()].map((kind) => kind.handler));

/**
 * Writes the extension's event handlers into `event_handlers`. Handlers of kinds the extension does not have stay as they are.
 * A web hook that is given by its id alone has no target here; whoever knows the organisation's hooks fills it in.
 */
export function eventsToClassic(extension: JsonObject, definition: JsonDraft): void {
  const events: JsonDraft = {};
  for (const [event, handlers] of Object.entries(objectAt(readAt(definition, 'event_handlers.events')))) {
    const others = listAt(handlers).filter((handler) => !HANDLERS.has(handlerName(handler)));
    if (others.length > 0) defineField(events, event, others);
  }

  for (const handler of objectsOf(readAt(extension, 'server.eventHandlers'))) {
    const kind = KINDS.get(textAt(handler['type']));
    if (kind === undefined) continue;
    // A handler that is off is left out: older nodes do not know the flag.
    if (handler['enabled'] !== true) continue;
    const meta: JsonDraft = {};
    shapeToClassic(kind.meta, handler, meta);
    const event = textAt(handler['trigger']);
    const entry = { handler_name: kind.handler, handler_meta: meta };
    defineField(events, event, [...listAt(ownField(events, event)), entry]);
  }
  writeAt(definition, 'event_handlers.events', events);
}

export function eventsToOas(definition: JsonObject, extension: JsonDraft, lost: Lost): void {
  const found: JsonDraft[] = [];
  const events = Object.entries(objectAt(readAt(definition, 'event_handlers.events'))).sort(([a], [b]) => byName(a, b));
  for (const [event, handlers] of events) {
    for (const [index, handler] of listAt(handlers).entries()) {
      const handlerLost = under(lost, entryPath(entryPath('event_handlers.events', event), index));
      const converted = handlerToOas(event, handler, handlerLost);
      if (converted === undefined) handlerLost('');
      else found.push(converted);
    }
  }
  if (found.length > 0) writeAt(extension, 'server.eventHandlers', found);
}

function handlerToOas(trigger: string, handler: JsonValue, lost: Lost): JsonDraft | undefined {
  for (const [type, kind] of KINDS) {
    if (kind.handler !== handlerName(handler) || !isJsonObject(handler)) continue;
    const meta = objectAt(handler['handler_meta']);
    const metaLost = under(lost, 'handler_meta');
    const settings = shapeToOas(kind.meta, meta, metaLost);
    if (settings === undefined) return undefined;
    reportOthers(handler, ['handler_name', 'handler_meta'], lost);
    reportOthers(meta, ['disabled', ...kind.meta.fields.map(([, classic]) => classic)], metaLost);
    const name = kind.name === undefined ? {} : { name: textAt(meta[kind.name]) };
    return { trigger, type, ...name, ...settings };
  }
  return undefined;
}

function reportOthers(object: JsonObject, known: readonly string[], lost: Lost): void {
  for (const [name, value] of Object.entries(without(object, ...known))) {
    if (!isUnset(value)) lost(fieldPath('', name));
  }
}

function handlerName(handler: JsonValue): string {
  return textAt(objectAt(handler)['handler_name']);
}
