import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { documentFrom, operationsOf, type Operation, type OpenApiDocument } from './operations';
import { toJsonSchema } from './json-schema';

/** One reply, as it came over the wire. */
export interface Observed {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A reply is not what the OpenAPI document says. */
export class ContractBroken extends Error {}

const id = 'openapi';

/** Replies without a body. */
const bodiless = new Set([204, 302, 304]);

/** Holds replies against an OpenAPI document. A schema is compiled when a reply first needs it. */
export class Contract {
  /** By method, in lower case. */
  private readonly operations: Readonly<Record<string, readonly Operation[]>>;
  private readonly ajv: Ajv;

  /** @param text an OpenAPI document, as JSON */
  static from(text: string, besides: RegExp): Contract {
    return new Contract(documentFrom(text), besides);
  }

  /** @param besides paths that are served and are no operations */
  constructor(
    document: OpenApiDocument,
    private readonly besides: RegExp,
  ) {
    this.operations = operationsOf(document);
    // To make its code shorter takes Ajv half as long as to write it, and replies are few.
    const quickly = { validateSchema: false, addUsedSchema: false, code: { optimize: false } };
    this.ajv = addFormats(new Ajv({ strict: false, ...quickly }));
    this.ajv.addSchema(toJsonSchema(document), id);
  }

  /** @throws ContractBroken */
  check(reply: Observed): void {
    const problem = this.problemOf(reply);
    if (problem === undefined) return;
    const { method, path, status, text } = reply;
    const shown = text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
    throw new ContractBroken(
      `${method} ${path} answered ${status}, which openapi.json does not say: ${problem}\n${shown}`,
    );
  }

  private problemOf(reply: Observed): string | undefined {
    const { method, path, status, headers } = reply;
    // HEAD is the GET without its body, and what browsers ask before a call is no operation.
    if (method === 'HEAD' || method === 'OPTIONS') return undefined;
    const asked = path.replace(/[?#].*$/s, '');
    const operation = this.operations[method.toLowerCase()]?.find((one) => one.matches(asked));
    if (operation === undefined) return status < 400 && !this.besides.test(path) ? 'no such operation' : undefined;
    const declared = operation.replies[status];
    if (declared === undefined) return `${operation.id} declares ${Object.keys(operation.replies).join(', ')}`;
    const missing = declared.requiredHeaders.find((name) => !headers.has(name));
    if (missing !== undefined) return `the header ${missing} is missing`;
    return bodiless.has(status) ? undefined : this.problemOfBody(reply, declared.content, operation.id);
  }

  private problemOfBody(
    { headers, text }: Observed,
    content: Readonly<Record<string, string>>,
    operation: string,
  ): string | undefined {
    const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const pointer = content[type];
    if (pointer === undefined) return `${operation} declares ${Object.keys(content).join(', ')}, and this is "${type}"`;
    if (type !== 'application/json') return undefined;
    const validate = this.ajv.getSchema(`${id}${pointer}`);
    if (validate === undefined) throw new Error(`There is no schema at ${pointer}`);
    return validate(parsed(text)) === true ? undefined : this.ajv.errorsText(validate.errors, { dataVar: 'body' });
  }
}

const mostShown = 2_000;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new ContractBroken(`This is called JSON and is none: ${text.slice(0, mostShown)}`);
  }
};
