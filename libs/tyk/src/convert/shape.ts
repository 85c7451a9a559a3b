import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';
import { type Codec } from './codecs';
import { type Lost } from './lost';
import { objectAt } from '../json/read';
import { readAt, sameMeaning, writeAt, type JsonDraft } from '../openapi/values';

/** A field of the extension, the classic field it stands for, and how the value is written. `required`: written even if default. */
export type FieldRow = readonly [oas: string, classic: string, codec: Codec, required?: 'required'];

/** An object of the extension and the classic fields it stands for; both sides are given as dotted paths. */
export interface Shape {
  readonly fields: readonly FieldRow[];
  /**
   * The classic flag with the opposite meaning of the extension's `enabled`. While the section is off, its other classic fields
   * have their defaults: nodes that are older than the flag would use them all the same.
   */
  readonly off?: string;
}

/** Writes the classic fields of a section; those that the section lacks get their defaults, as on nodes. */
export function shapeToClassic(shape: Shape, section: JsonObject, target: JsonDraft): void {
  let source = section;
  if (shape.off !== undefined) {
    const off = section['enabled'] !== true;
    if (off) source = {};
    writeAt(target, shape.off, off);
  }
  for (const [oas, classic, codec] of shape.fields) writeAt(target, classic, codec.toClassic(readAt(source, oas)));
}

/**
 * The section that says what the classic fields say, or undefined when all of them have their defaults.
 *
 * @param lost is told the classic path of each value that the section cannot express
 */
export function shapeToOas(shape: Shape, source: JsonObject, lost: Lost): JsonDraft | undefined {
  const section: JsonDraft = {};
  const missing: FieldRow[] = [];
  for (const row of shape.fields) {
    const [oas, classic, codec] = row;
    const value = readAt(source, classic);
    const converted = codec.toOas(value);
    if (converted === undefined) missing.push(row);
    else writeAt(section, oas, converted);
    const back = codec.toClassic(converted);
    if (!sameMeaning(back, value)) lost(classic, converted === undefined ? undefined : becomes(back));
  }
  if (Object.keys(section).length === 0) return undefined;

  for (const [oas, , codec, required] of missing) {
    if (required !== undefined) writeAt(section, oas, codec.empty);
  }
  if (shape.off === undefined) return section;
  return { enabled: readAt(source, shape.off) !== true, ...section };
}

/** Says what is left of a value that the extension cannot express exactly. */
function becomes(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? 'is changed in an OAS API' : `becomes ${text} in an OAS API`;
}

/** A shape as the value of a field, e.g. as the item of a list. */
export function nested(shape: Shape): Codec {
  return {
    toClassic: (value) => {
      const target: JsonDraft = {};
      shapeToClassic(shape, objectAt(value), target);
      return target;
    },
    toOas: (value) => (isJsonObject(value) ? (shapeToOas(shape, value, () => undefined) ?? {}) : undefined),
    empty: {},
  };
}
