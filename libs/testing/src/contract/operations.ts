type Fields = Readonly<Record<string, unknown>>;

/** As much of an OpenAPI document as is needed to find a reply in it. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, unknown>>;
  readonly components?: unknown;
}

interface DeclaredReply {
  /** Pointers to the schemas, by media type. */
  readonly content: Readonly<Record<string, string>>;
  readonly requiredHeaders: readonly string[];
}

export interface Operation {
  readonly id: string;
  readonly matches: (path: string) => boolean;
  readonly replies: Readonly<Record<string, DeclaredReply>>;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

/** @throws when the text is no OpenAPI document */
export const documentFrom = (text: string): OpenApiDocument => {
  const { paths, components } = fieldsOf(JSON.parse(text));
  if (paths === undefined) throw new Error('There are no paths: this is no OpenAPI document');
  return { paths: fieldsOf(paths), components };
};

/** Every operation, by its method; where two paths fit, the one whose text comes first wins, as in the server. */
export const operationsOf = (document: OpenApiDocument): Readonly<Record<string, readonly Operation[]>> => {
  const paths = Object.entries(document.paths).sort(([one], [other]) => (wildness(one) < wildness(other) ? -1 : 1));
  const of = (method: string): readonly Operation[] =>
    paths.flatMap(([path, operations]) => {
      const operation = fieldsOf(operations)[method];
      return operation === undefined ? [] : [toOperation(document, path, method, fieldsOf(operation))];
    });
  return Object.fromEntries(methods.map((method) => [method, of(method)]));
};

/** Sorts text before parameters, segment by segment. */
const wildness = (path: string): string => path.replaceAll(/\{\w+\}/g, '\u{10FFFF}');

const toOperation = (document: OpenApiDocument, path: string, method: string, operation: Fields): Operation => {
  const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`);
  const own = `#/paths/${escaped(path)}/${method}/responses`;
  const replies = Object.entries(fieldsOf(operation['responses'])).map(([status, reply]) => [
    status,
    toReply(document, `${own}/${status}`, fieldsOf(reply)),
  ]);
  return {
    id: String(operation['operationId']),
    matches: (asked) => pattern.test(asked),
    replies: Object.fromEntries(replies) as Operation['replies'],
  };
};

const toReply = (document: OpenApiDocument, pointer: string, reply: Fields): DeclaredReply => {
  const { $ref: shared } = reply;
  if (typeof shared === 'string') return toReply(document, shared, fieldsOf(at(document, shared)));
  const types = Object.keys(fieldsOf(reply['content']));
  return {
    content: Object.fromEntries(types.map((type) => [type, `${pointer}/content/${escaped(type)}/schema`])),
    requiredHeaders: Object.entries(fieldsOf(reply['headers']))
      .filter(([, header]) => fieldsOf(header)['required'] === true)
      .map(([name]) => name),
  };
};

const at = (document: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => fieldsOf(value)[name.replaceAll('~1', '/').replaceAll('~0', '~')], document);

/** A name inside a pointer that stands behind a `#`. */
const escaped = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
