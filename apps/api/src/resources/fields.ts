import { isJsonObject, ownField, type JsonObject, type JsonValue } from '@castellan/tyk';

/** A copy without a field. */
export const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([field]) => field !== name));

/** A copy with one field changed, in its place; the same object where there is no such field. */
export const withChanged = (object: JsonObject, name: string, change: (value: JsonValue) => JsonValue): JsonObject => {
  const value = ownField(object, name);
  return value === undefined ? object : { ...object, [name]: change(value) };
};

/** The change for values that may be no object; those stay. */
export const object =
  (change: (value: JsonObject) => JsonObject) =>
  (value: JsonValue): JsonValue =>
    isJsonObject(value) ? change(value) : value;

/** The change for the objects of a list. */
export const eachItem =
  (change: (item: JsonObject) => JsonObject) =>
  (list: JsonValue): JsonValue =>
    Array.isArray(list) ? list.map(object(change)) : list;

/** The change for the value of each field. */
export const eachField =
  (change: (value: JsonValue) => JsonValue) =>
  (value: JsonValue): JsonValue =>
    isJsonObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, change(field)]))
      : value;
