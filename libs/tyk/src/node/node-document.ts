import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';
import { textAt } from '../json/read';
import type { Problem } from '../schema/check';
import { shapes, type Kind, type Shape } from './node-shapes';
import { componentReference, NodeSchemas, type Trail } from './node-schema';
import { documentPath } from '../json/document-path';
import { resolveReference } from '../openapi/references';
import { defineField, type JsonDraft } from '../openapi/values';

/** A document as nodes get it, and what they therefore do not do. */
export interface NodeDocument {
  readonly document: JsonObject;
  /** Places of the original that say something no node hears of. */
  readonly lost: readonly Problem[];
}

/**
 * The document of an OAS API as nodes get it. Nodes decode all documents with Go types that each version of the gateway
 * draws differently, none of them all of OpenAPI 3.1: over one that does not decode they refuse the whole list, and over
 * one that they find invalid they leave the API out. So they get what every version reads, OpenAPI 3.0, with everything
 * that takes effect on a node; Tyk's extension stays as it is.
 *
 * @param document one that {@link checkOas} finds nothing wrong with
 */
export function toNodeDocument(document: JsonObject): NodeDocument {
  return new NodeDocumentWriter(document).done();
}

/** Path items of callbacks that may hold each other. More mean a circle, which a node would follow without end. */
const MOST_NESTED_ITEMS = 8;

/** The `scheme`s of HTTP authentication that nodes accept. */
const HTTP_SCHEMES: ReadonlySet<string> = new Set(['basic', 'bearer', 'digest', 'negotiate']);

class NodeDocumentWriter {
  private readonly lost: Problem[] = [];
  private readonly schemas: NodeSchemas;
  private readonly is30: boolean;
  private nestedItems = 0;

  constructor(private readonly document: JsonObject) {
    this.is30 = textAt(document, 'openapi').startsWith('3.0');
    this.schemas = new NodeSchemas(document, this.is30, (trail, message) => {
      this.lose(trail, message);
    });
  }

  done(): NodeDocument {
    const written = this.object(this.document, 'document', []);
    const version = this.is30 ? {} : { openapi: '3.0.3' };
    const paths = isJsonObject(written['paths']) ? written['paths'] : {};
    return { document: this.withMoved({ ...written, ...version, paths }), lost: this.lost };
  }

  private withMoved(written: JsonObject): JsonObject {
    const moved = this.schemas.movedComponents();
    if (moved.length === 0) return written;
    const components = isJsonObject(written['components']) ? written['components'] : {};
    const schemas = isJsonObject(components['schemas']) ? components['schemas'] : {};
    return { ...written, components: { ...components, schemas: { ...schemas, ...Object.fromEntries(moved) } } };
  }

  private lose(trail: Trail, message: string): void {
    this.lost.push({ path: documentPath(trail, this.document), message });
  }

  private value(value: JsonValue, kind: Kind, trail: Trail): JsonValue | undefined {
    if (kind === 'schema') return this.schemas.write(value, trail);
    if (!isJsonObject(value)) return undefined;
    const { section } = shapes[kind];
    const reference = textAt(value, '$ref');
    if (reference === '') return this.object(value, kind, trail);
    const component = section === undefined ? undefined : componentReference(reference, section);
    if (component !== undefined) return { $ref: component };
    const target = resolveReference(this.document, value);
    return isJsonObject(target) ? this.object(target, kind, trail) : undefined;
  }

  private object(value: JsonObject, kind: Exclude<Kind, 'schema'>, trail: Trail): JsonDraft {
    if (kind === 'pathItem' && this.nestedItems === MOST_NESTED_ITEMS) return {};
    if (kind === 'pathItem') this.nestedItems += 1;
    const written = this.fields(value, shapes[kind], trail);
    if (kind === 'pathItem') this.nestedItems -= 1;
    return this.completed(written, kind, trail);
  }

  private fields(value: JsonObject, { fields, each }: Shape, trail: Trail): JsonDraft {
    const written: JsonDraft = {};
    for (const [name, field] of Object.entries(value)) {
      const isExtension = name.startsWith('x-');
      // Where the author chooses the names, older nodes cannot tell extensions from the rest.
      if (isExtension && each !== undefined) continue;
      const how = Object.hasOwn(fields, name) ? fields[name] : each;
      const taken = isExtension ? field : this.field(field, how, [...trail, name]);
      if (taken !== undefined) defineField(written, name, taken);
    }
    return written;
  }

  private field(field: JsonValue, how: Shape['fields'][string] | undefined, trail: Trail): JsonValue | undefined {
    if (how === undefined) return undefined;
    if (how === 'same') return field;
    if (typeof how === 'string') return this.value(field, how, trail);
    if (how.many === 'list') return Array.isArray(field) ? this.list(field, how.kind, trail) : undefined;
    if (!isJsonObject(field)) return undefined;
    const isOwn = (name: string): boolean => how.many === 'map' || !name.startsWith('x-');
    return this.map(
      Object.entries(field).filter(([name]) => isOwn(name)),
      how.kind,
      trail,
    );
  }

  private list(field: readonly JsonValue[], kind: Kind, trail: Trail): JsonValue[] {
    return field.flatMap((item, index) => this.value(item, kind, [...trail, String(index)]) ?? []);
  }

  private map(entries: readonly (readonly [string, JsonValue])[], kind: Kind, trail: Trail): JsonDraft {
    const written: JsonDraft = {};
    for (const [name, item] of entries) {
      const taken = this.value(item, kind, [...trail, name]);
      if (taken !== undefined) defineField(written, name, taken);
    }
    return written;
  }

  /** Puts in what nodes insist on and OpenAPI 3.1 does not. */
  private completed(written: JsonDraft, kind: Kind, trail: Trail): JsonDraft {
    if (kind === 'operation') return { ...written, responses: someResponses(written['responses']) };
    if (kind === 'response') return { description: '', ...written };
    if (kind === 'example' && !Object.hasOwn(written, 'externalValue')) return { value: '', ...written };
    if (kind === 'securityScheme') return this.knownScheme(written, trail);
    return written;
  }

  /**
   * A scheme that no node knows. It cannot be left out: a requirement that names nothing would let everybody in. Nodes
   * ask for a key of theirs instead, which nobody has by accident.
   */
  private knownScheme(written: JsonDraft, trail: Trail): JsonDraft {
    const type = textAt(written, 'type');
    const scheme = textAt(written, 'scheme').toLowerCase();
    if (type === 'http' && HTTP_SCHEMES.has(scheme)) return { ...written, scheme };
    if (type !== 'http' && type !== 'mutualTLS') return written;
    this.lose(trail, 'is a scheme that nodes do not know: they ask for a key in the Authorization header instead');
    return { type: 'apiKey', name: 'Authorization', in: 'header' };
  }
}

const someResponses = (responses: JsonValue | undefined): JsonObject => {
  const isGiven = isJsonObject(responses) && Object.keys(responses).some((name) => !name.startsWith('x-'));
  return isGiven ? responses : { default: { description: '' } };
};
