/**
 * Small words to write JSON Schemas of what gateways decode. Gateways are Go programs: `null` is accepted for every field and
 * leaves its zero value, unknown fields are skipped, and one value of a wrong type fails the whole list it came in. So
 * every builder accepts null, every object accepts further fields, and the types are those of Go.
 */

/** The part of JSON Schema (draft-07) used here. */
export interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  /** What a value must be, as the end of the sentence "must be …"; for types that JSON Schema's own words do not cover. */
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Fields;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

export type Fields = Readonly<Record<string, Schema>>;

export const str: Schema = { type: ['string', 'null'] };
export const bool: Schema = { type: ['boolean', 'null'] };
export const num: Schema = { type: ['number', 'null'] };
export const any: Schema = {};

/** Go's int on the machines gateways run on, and int64. */
export const int: Schema = {
  type: ['integer', 'null'],
  // -2^63 itself would be written as -9223372036854776000, which is out of range again.
  exclusiveMinimum: -(2 ** 63),
  exclusiveMaximum: 2 ** 63,
  description: 'an integer of 64 bits',
};
export const uint64: Schema = unsigned('an integer of 64 bits, not negative', 2 ** 64);
export const uint16: Schema = unsigned('an integer from 0 to 65535', 2 ** 16);

export const nonEmptyStr: Schema = { type: 'string', minLength: 1, description: 'a string that is not empty' };

/** A MongoDB id as gateways decode it. */
export const objectId: Schema = {
  type: ['string', 'null'],
  pattern: '^([0-9a-fA-F]{24})?$',
  description: '24 hexadecimal digits, or empty',
};

/** Go's time.Time: RFC 3339 with capital T and Z. The format checks the calendar, the pattern what Go is stricter about. */
export const time: Schema = {
  type: ['string', 'null'],
  format: 'date-time',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$',
  description: 'a time such as 2025-01-31T12:00:00Z',
};

/** Gateways read what they cannot parse as no duration, but fail on null and on half a surrogate pair. */
export const duration: Schema = {
  type: 'string',
  pattern: '^\\P{Surrogate}*$',
  description: 'a duration such as "1m30s"',
};

export function arr(items: Schema): Schema {
  return { type: ['array', 'null'], items };
}

export function map(additionalProperties: Schema): Schema {
  return { type: ['object', 'null'], additionalProperties };
}

export function obj(properties: Fields): Schema {
  return { type: ['object', 'null'], properties };
}

/** An object that must be there with these of its fields. */
export function requiredObj(properties: Fields, ...required: string[]): Schema {
  return { type: 'object', properties, required };
}

/** Fields of one type; `names` are separated by spaces. */
export function all(schema: Schema, names: string): Fields {
  return Object.fromEntries(names.split(' ').map((name) => [name, schema]));
}

function unsigned(description: string, exclusiveMaximum: number): Schema {
  return { type: ['integer', 'null'], minimum: 0, exclusiveMaximum, description };
}
