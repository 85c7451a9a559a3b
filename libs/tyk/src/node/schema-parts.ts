import { ownField, type JsonObject } from '../json/json-text';
import type { JsonDraft } from '../openapi/values';

/** A schema of OpenAPI 3.0, and whether it accepts the same values as the one it was made of; otherwise it accepts more. */
export interface WrittenSchema {
  readonly schema: JsonDraft;
  readonly exact: boolean;
}

/** A schema under construction. */
export class SchemaParts {
  readonly schema: JsonDraft = {};
  exact = true;
  private readonly conditions: JsonDraft[] = [];

  /** Adds a condition of its own beside the other keywords. */
  require(condition: JsonDraft): void {
    this.conditions.push(condition);
  }

  /** Takes over a part, and with it that it may accept too much. */
  take({ schema, exact }: WrittenSchema): JsonDraft {
    if (!exact) this.exact = false;
    return schema;
  }

  done(): WrittenSchema {
    this.setEnumApart();
    if (this.conditions.length > 0) this.schema['allOf'] = this.conditions;
    return { schema: this.schema, exact: this.exact };
  }

  /** A node that finds the value in `enum` looks at nothing beside it. */
  private setEnumApart(): void {
    const values = this.schema['enum'];
    const isAlone = this.conditions.length === 0 && !['not', 'anyOf', 'oneOf'].some((name) => name in this.schema);
    if (!Array.isArray(values) || isAlone) return;
    delete this.schema['enum'];
    this.conditions.push({ enum: values, ...(values.includes(null) ? { nullable: true } : {}) });
  }
}

/** In 3.1 an exclusive limit is a number of its own, in 3.0 a flag beside the limit. */
export const writeLimits = (schema: JsonDraft, value: JsonObject): void => {
  for (const [limit, exclusive, stricter] of [
    ['minimum', 'exclusiveMinimum', Math.max],
    ['maximum', 'exclusiveMaximum', Math.min],
  ] as const) {
    const own = ownField(value, exclusive);
    if (typeof own !== 'number') continue;
    const plain = ownField(value, limit);
    const strictest = typeof plain === 'number' ? stricter(own, plain) : own;
    schema[limit] = strictest;
    if (strictest === own) schema[exclusive] = true;
  }
};
