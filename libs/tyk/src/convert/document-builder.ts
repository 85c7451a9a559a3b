import { isDeepStrictEqual } from 'node:util';
import { type JsonObject, type JsonValue } from '../json/json-text';
import { defaultOperationId, METHODS, pathTemplate, toDocumentPath } from '../openapi/paths';
import { listAt } from '../json/read';
import { type JsonDraft } from '../openapi/values';

/** One operation of a document that is being written, with its settings in the extension. */
export interface BuiltOperation {
  readonly id: string;
  readonly operation: JsonDraft;
  readonly settings: JsonDraft;
}

/** Why a classic path and method have no place in the document. */
export class NoPlace {
  constructor(readonly reason: string) {}
}

/** Collects the operations that classic path lists name. Each path and method exists once, however many lists name it. */
export class DocumentBuilder {
  readonly #pathItems = new Map<string, JsonDraft>();
  readonly #operations = new Map<string, BuiltOperation>();
  /** The path as first written, by its template: a document may not have `/a/{x}` beside `/a/{y}`. */
  readonly #byTemplate = new Map<string, string>();

  /**
   * The operation for a classic path and method.
   *
   * @param noted is told what the path means in the document, where that is not quite the same
   */
  operation(classicPath: string, method: string, noted: (note: string) => void): BuiltOperation | NoPlace {
    const name = METHODS.find((each) => each === method.toLowerCase());
    if (name === undefined) return new NoPlace(`the method "${method}" does not exist in an OpenAPI document`);

    const wanted = toDocumentPath(classicPath);
    if (wanted.note !== undefined) noted(wanted.note);
    const template = pathTemplate(wanted.path);
    const path = this.#byTemplate.get(template) ?? wanted.path;
    const id = defaultOperationId(path, method);

    const existing = this.#operations.get(id);
    if (existing !== undefined) {
      const same = isDeepStrictEqual(patterns(listAt(existing.operation['parameters'])), patterns(wanted.parameters));
      return same ? existing : new NoPlace(`another expression for the same path ("${path}") is in use already`);
    }

    // A path keeps the parameter names it was first written with.
    const names = [...path.matchAll(/\{([^{}]+)\}/gu)].map((match) => match[1] ?? '');
    const parameters = wanted.parameters.map((parameter, index) => ({ ...parameter, name: names[index] ?? '' }));
    const operation: JsonDraft = {
      operationId: id,
      ...(parameters.length > 0 ? { parameters } : {}),
      responses: { default: { description: '' } },
    };
    const built: BuiltOperation = { id, operation, settings: {} };
    this.#operations.set(id, built);
    this.#byTemplate.set(template, path);
    const pathItem = this.#pathItems.get(path) ?? {};
    pathItem[name] = operation;
    this.#pathItems.set(path, pathItem);
    return built;
  }

  /** The document's `paths`. */
  paths(): JsonObject {
    return Object.fromEntries(this.#pathItems);
  }

  /** The extension's `middleware.operations`; undefined when there are none. */
  settings(): JsonObject | undefined {
    if (this.#operations.size === 0) return undefined;
    return Object.fromEntries([...this.#operations.values()].map(({ id, settings }) => [id, settings]));
  }
}

function patterns(parameters: readonly JsonValue[]): JsonValue[] {
  return parameters.map((parameter) =>
    typeof parameter === 'object' && parameter !== null && 'schema' in parameter ? (parameter.schema ?? null) : null,
  );
}
