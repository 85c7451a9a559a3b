import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-text';
import { objectAt } from '../../json/read';

/** How many objects, lists and values there are in a value, itself included. */
export function sizeOf(value: JsonValue): number {
  let size = 0;
  const open: JsonValue[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    size += 1;
    if (typeof next === 'object' && next !== null) for (const child of Object.values(next)) open.push(child);
  }
  return size;
}

/**
 * An OpenAPI document as several, each with some of its paths, web hooks or components and sound in all that was not taken from it, so that
 * what is wrong with one is wrong with the whole, at the same place.
 *
 * @param most values that each is to have; an entry that has more stands alone
 */
export function* partsOf(document: JsonObject, most: number): Generator<JsonObject> {
  const components = document['components'];
  const sections = isJsonObject(components)
    ? Object.keys(components).filter((name) => isJsonObject(components[name]))
    : [];
  const emptied = Object.fromEntries(sections.map((name) => [name, {}]));
  yield {
    ...document,
    ...(isJsonObject(document['paths']) ? { paths: {} } : {}),
    ...(isJsonObject(document['webhooks']) ? { webhooks: {} } : {}),
    ...(isJsonObject(components) ? { components: { ...components, ...emptied } } : {}),
  };
  const frame = { openapi: document['openapi'] ?? null, info: { title: 'Part', version: '1' }, paths: {} };
  for (const map of ['paths', 'webhooks']) {
    for (const entries of groupsOf(objectAt(document[map]), most)) yield { ...frame, [map]: entries };
  }
  for (const name of sections) {
    const section = objectAt(objectAt(components)[name]);
    for (const entries of groupsOf(section, most)) yield { ...frame, components: { [name]: entries } };
  }
}

function* groupsOf(map: JsonObject, most: number): Generator<JsonObject> {
  let group: [string, JsonValue][] = [];
  let size = 0;
  for (const [name, value] of Object.entries(map)) {
    const own = sizeOf(value);
    if (group.length > 0 && size + own > most) {
      yield Object.fromEntries(group);
      group = [];
      size = 0;
    }
    group.push([name, value]);
    size += own;
  }
  if (group.length > 0) yield Object.fromEntries(group);
}
