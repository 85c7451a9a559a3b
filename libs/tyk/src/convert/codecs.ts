import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { formatDuration, parseDuration, SECOND } from '../go/durations';
import { listAt, numberAt, objectAt, textAt } from '../json/read';
import { byName, isUnset, objectsOf, textsOf } from '../openapi/values';

/** How one value is written in the two formats. */
export interface Codec {
  /** The classic value; a field that the extension lacks has the classic default. */
  readonly toClassic: (value: JsonValue | undefined) => JsonValue;
  /** The extension's value, or undefined when the classic value is the default and need not be written. */
  readonly toOas: (value: JsonValue | undefined) => JsonValue | undefined;
  /** The extension's way to write the default, for fields that tools expect to be there. */
  readonly empty: JsonValue;
}

function plain<T extends JsonValue>(isOne: (value: JsonValue | undefined) => value is T, unset: T): Codec {
  return {
    toClassic: (value) => (isOne(value) ? value : unset),
    toOas: (value) => (isOne(value) && !isUnset(value) ? value : undefined),
    empty: unset,
  };
}

const isFlag = (value: JsonValue | undefined): value is boolean => typeof value === 'boolean';
const isText = (value: JsonValue | undefined): value is string => typeof value === 'string';
const isNumber = (value: JsonValue | undefined): value is number => typeof value === 'number';
const isList = (value: JsonValue | undefined): value is JsonValue[] => Array.isArray(value);

export const flag = plain(isFlag, false);
export const text = plain(isText, '');
export const number = plain(isNumber, 0);
/** A number that must be whole in the extension. A fraction is rounded up, which is reported like any other change. */
export const whole: Codec = {
  toClassic: (value) => numberAt(value),
  toOas: (value) => (numberAt(value) > 0 ? Math.ceil(numberAt(value)) : undefined),
  empty: 0,
};

/** A list whose items are the same in both formats. */
export const list = plain(isList, []);
/** An object that is the same in both formats. */
export const object = plain<JsonObject>(isJsonObject, {});

/** A flag with the opposite meaning on the classic side; always written, because its absence has a meaning of its own. */
export const opposite: Codec = {
  toClassic: (value) => value !== true,
  toOas: (value) => value !== true,
  empty: false,
};

/** `1m30s` in the extension, whole seconds (rounded down, as nodes do) in the classic definition. */
export const seconds: Codec = {
  toClassic: (value) => Math.floor(parseDuration(textAt(value)) / SECOND),
  toOas: (value) => (numberAt(value) > 0 ? formatDuration(numberAt(value) * SECOND) : undefined),
  empty: '0s',
};

/** `1m30s` in the extension, nanoseconds in the classic definition. */
export const nanoseconds: Codec = {
  toClassic: (value) => parseDuration(textAt(value)),
  toOas: (value) => (numberAt(value) > 0 ? formatDuration(numberAt(value)) : undefined),
  empty: '0s',
};

/** A duration text on both sides. */
export const duration: Codec = {
  toClassic: (value) => textAt(value),
  toOas: (value) => (parseDuration(textAt(value)) > 0 ? textAt(value) : undefined),
  empty: '0s',
};

/** A list of objects with two fields in the extension, a map from the one to the other in the classic definition. */
export function pairs(key: string, value: string, codec: Codec = text): Codec {
  return {
    toClassic: (items) =>
      Object.fromEntries(
        objectsOf(items).map((item) => [textAt(ownField(item, key)), codec.toClassic(ownField(item, value))]),
      ),
    toOas: (map) => {
      const items = Object.entries(objectAt(map))
        .sort(([a], [b]) => byName(a, b))
        .map(([name, item]) => ({ [key]: name, [value]: codec.toOas(item) ?? codec.empty }));
      return items.length > 0 ? items : undefined;
    },
    empty: [],
  };
}

export const headers = pairs('name', 'value');

/** A list of texts in the extension, one text with commas in the classic definition. */
export const commaList: Codec = {
  toClassic: (value) => textsOf(value).join(','),
  toOas: (value) =>
    textAt(value)
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  empty: [],
};

/** A TLS version: `1.2` in the extension, its number on the wire in the classic definition. */
export const tlsVersion: Codec = {
  toClassic: (value) => TLS_VERSIONS.get(textAt(value)) ?? 0,
  toOas: (value) => [...TLS_VERSIONS].find(([, wire]) => wire === value)?.[0],
  empty: '',
};

const TLS_VERSIONS: ReadonlyMap<string, number> = new Map([
  ['1.0', 0x0301],
  ['1.1', 0x0302],
  ['1.2', 0x0303],
  ['1.3', 0x0304],
]);

/** A list whose items are converted one by one. */
export function each(codec: Codec): Codec {
  return {
    toClassic: (value) => listAt(value).map(codec.toClassic),
    toOas: (value) => {
      const items = listAt(value).flatMap((item) => codec.toOas(item) ?? []);
      return items.length > 0 ? items : undefined;
    },
    empty: [],
  };
}

/** A map whose values are converted one by one. */
export function eachValue(codec: Codec): Codec {
  return {
    toClassic: (value) =>
      Object.fromEntries(Object.entries(objectAt(value)).map(([name, item]) => [name, codec.toClassic(item)])),
    toOas: (value) => {
      const entries = Object.entries(objectAt(value));
      if (entries.length === 0) return undefined;
      return Object.fromEntries(entries.map(([name, item]) => [name, codec.toOas(item) ?? codec.empty]));
    },
    empty: {},
  };
}
