import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { listAt, textAt } from '../json/read';
import { lookUp } from '../openapi/references';

/** Which schemas of OpenAPI 3.1 accept null: one of 3.0 has to say so. */
export class NullAcceptance {
  private readonly byReference = new Map<string, boolean>();

  constructor(private readonly document: JsonObject) {}

  accepts(schema: JsonValue | undefined): boolean {
    if (schema === false) return false;
    if (!isJsonObject(schema)) return true;
    const reference = textAt(schema, '$ref');
    if (reference !== '' && !this.targetAccepts(reference)) return false;
    return acceptedByValue(schema) && this.acceptedByOthers(schema);
  }

  private targetAccepts(reference: string): boolean {
    const known = this.byReference.get(reference);
    if (known !== undefined) return known;
    // What leads back to itself has nothing against null on the way.
    this.byReference.set(reference, true);
    const accepts = this.accepts(lookUp(this.document, reference));
    this.byReference.set(reference, accepts);
    return accepts;
  }

  private acceptedByOthers(schema: JsonObject): boolean {
    const accepts = (other: JsonValue): boolean => this.accepts(other);
    const negated = ownField(schema, 'not');
    if (negated !== undefined && accepts(negated)) return false;
    if (!listAt(schema, 'allOf').every(accepts)) return false;
    if (Object.hasOwn(schema, 'anyOf') && !listAt(schema, 'anyOf').some(accepts)) return false;
    return !Object.hasOwn(schema, 'oneOf') || listAt(schema, 'oneOf').filter(accepts).length === 1;
  }
}

const acceptedByValue = (schema: JsonObject): boolean => {
  const type = ownField(schema, 'type');
  if (type !== undefined && type !== 'null' && !(Array.isArray(type) && type.includes('null'))) return false;
  if (Object.hasOwn(schema, 'enum') && !listAt(schema, 'enum').includes(null)) return false;
  return !Object.hasOwn(schema, 'const') || ownField(schema, 'const') === null;
};
