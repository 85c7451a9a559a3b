import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-text';
import { flagAt, textAt } from '../../json/read';
import { graphqlFault } from '../../go/graphql';
import { isPlainText, regexpFault, regexpWeight } from '../../go/regexp';
import { templateFault } from '../../go/template';
import type { CompileFault } from './fault';
import { jsonSchemaFault } from './json-schema';

/** What a gateway compiles a value as. */
export type CompiledAs = Matcher | 'template' | 'bodyTransform' | 'jsonSchema' | 'graphql' | 'signingMethod';

type Matcher = 'regexp' | 'path' | 'allowedUrl';

/** Some ten microseconds each: one pattern may cost two tenths of a second. */
const MOST_OF_ONE = 20_000;

/** What the patterns of a definition or a policy may cost: two seconds, beside the thread that answers requests. */
export const MOST_OF_DOCUMENT = 200_000;
/** Of a key. */
export const MOST_OF_SESSION = 60_000;

const WHOLE = '';

/** Compiles values as gateways do, as long as the patterns of one document are not more than anybody means. */
export class Compiler {
  private weight = 0;

  constructor(private readonly most: number) {}

  /** The first thing that is wrong with a value; undefined when gateways can compile it, or would not. */
  faultOf(value: JsonValue, as: CompiledAs): CompileFault | undefined {
    if (as === 'jsonSchema') {
      return isJsonObject(value) ? jsonSchemaFault(value, (pattern) => this.pattern(pattern)) : undefined;
    }
    if (as === 'template') return isJsonObject(value) ? this.template(value) : undefined;
    if (as === 'bodyTransform') return isJsonObject(value) ? this.bodyTransform(value) : undefined;
    if (typeof value !== 'string') return undefined;
    const message = this.textFault(value, as);
    return message === undefined ? undefined : { below: WHOLE, message };
  }

  private textFault(value: string, as: Matcher | 'graphql' | 'signingMethod'): string | undefined {
    if (as === 'graphql') return graphqlFault(value);
    return as === 'signingMethod' ? signingMethodFault(value) : this.text(value, as);
  }

  private text(value: string, as: Matcher): string | undefined {
    const forms = as === 'regexp' ? [value] : pathForms(value);
    const all = as === 'allowedUrl' ? [value, ...forms] : forms;
    return all.map((form) => this.pattern(form)).find((fault) => fault !== undefined);
  }

  private pattern(pattern: string): string | undefined {
    if (isPlainText(pattern)) return undefined;
    const weight = regexpWeight(pattern);
    if (weight > MOST_OF_ONE) return 'is a regular expression of a size that nobody means';
    this.weight += weight;
    return this.weight > this.most
      ? 'is beyond the regular expressions that one document may have: what is before it takes all the time that compiling them may take; make several of it, or fewer patterns'
      : regexpFault(pattern);
  }

  /** `template_data`: gateways read the source as base64 in the mode `blob`, and as the name of a file of theirs in `file`. */
  private template(data: JsonObject): CompileFault | undefined {
    if (textAt(data, 'template_mode') !== 'blob') return undefined;
    return blobFault(textAt(data, 'template_source'), '.template_source');
  }

  /** The same in the extension, where a body goes before a file. */
  private bodyTransform(transform: JsonObject): CompileFault | undefined {
    return flagAt(transform, 'enabled') ? blobFault(textAt(transform, 'body'), '.body') : undefined;
  }
}

function blobFault(source: string, below: string): CompileFault | undefined {
  if (source === '') return undefined;
  // Go's decoder passes over line ends, and over nothing else.
  const base64 = source.replace(/[\r\n]/gu, '');
  const isBase64 = base64.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/u.test(base64);
  if (!isBase64) return { below, message: 'must be a template in base64' };
  const message = templateFault(Buffer.from(base64, 'base64').toString('utf8'));
  return message === undefined ? undefined : { below, message };
}

/**
 * What the generations of gateways make of a path before they compile it: all put a group in the place of `{…}`, newer ones only
 * where the braces pair up, and then `.*` in the place of what follows a slash and is a star.
 */
function pathForms(path: string): string[] {
  const older = path.replace(/\{[^}]*\}/gu, '([^/]*)');
  const opened = path.split('{').length;
  const isTemplate = opened > 1 && opened === path.split('}').length;
  const newer = (isTemplate ? path.replace(/\{[^}]+\}/gu, '([^/]+)') : path)
    .replaceAll('/*/', '/[^/]+/')
    .replaceAll('/*', '/.*');
  return older === newer ? [older] : [older, newer];
}

/** Everything else is taken for `hmac`, and whatever key was meant for another method becomes the shared secret. */
function signingMethodFault(method: string): string | undefined {
  return ['', 'hmac', 'rsa', 'ecdsa'].includes(method)
    ? undefined
    : 'must be "hmac", "rsa" or "ecdsa": gateways take anything else for "hmac"';
}
