import type { JsonObject, JsonValue } from '../../json/json-text';
import { listAt, objectAt, textAt } from '../../json/read';
import type { Problem } from '../../schema/check';
import { Compiler, MOST_OF_DOCUMENT } from '../compiled/kinds';
import { documentPath } from '../../json/document-path';
import { visitStructure } from './semantics';
import { EXTENSION, objectsOf, readAt, textsOf } from '../../openapi/values';

/*
 * What OpenAPI allows, or leaves unsaid, and no node loads an API with, whatever copy of the document it gets. Nodes pass over such
 * an API, which its owner would learn from its absence only (seen with 5.2 and 5.12).
 */

type Report = (trail: readonly string[], message: string) => void;

const NOT_EMPTY = 'must not be empty';

/** Rules of nodes beside those of OpenAPI. The document's structure and its references are known to be right. */
export function checkLoading(document: JsonObject): Problem[] {
  const problems: Problem[] = [];
  const compiler = new Compiler(MOST_OF_DOCUMENT);
  const report: Report = (trail, message) => {
    problems.push({ path: documentPath(trail, document), message });
  };
  for (const field of ['title', 'version']) {
    if (readAt(document, `info.${field}`) === '') report(['info', field], NOT_EMPTY);
  }
  for (const path of Object.keys(objectAt(document['paths']))) {
    if (hasLooseBraces(path)) report(['paths', path], 'has a brace without its other half');
    // Settings of its operations make a path one that gateways compile.
    const fault = compiler.faultOf(path, 'path');
    if (fault !== undefined) report(['paths', path], fault.message);
  }
  checkComponentNames(document, report);
  checkSchemes(document, report);
  checkCompliantMode(document, report);
  visitStructure(document, (object, trail) => {
    if (trail.at(-2) === 'parameters') checkParameter(object, trail, report);
  });
  return problems;
}

function hasLooseBraces(text: string): boolean {
  return /[{}]/u.test(text.replace(/\{[^{}]*\}/gu, ''));
}

function checkComponentNames(document: JsonObject, report: Report): void {
  for (const [kind, components] of Object.entries(objectAt(document['components']))) {
    if (kind.startsWith('x-')) continue;
    for (const name of Object.keys(objectAt(components))) {
      if (/^[\w.-]+$/u.test(name)) continue;
      report(['components', kind, name], 'must have a name of letters, digits, dots, hyphens and underscores');
    }
  }
}

function checkSchemes(document: JsonObject, report: Report): void {
  for (const [name, value] of Object.entries(objectAt(readAt(document, 'components.securitySchemes')))) {
    const scheme = objectAt(value);
    const trail = ['components', 'securitySchemes', name];
    if (scheme['type'] === 'apiKey' && scheme['name'] === '') report([...trail, 'name'], NOT_EMPTY);
    if (scheme['openIdConnectUrl'] === '') report([...trail, 'openIdConnectUrl'], NOT_EMPTY);
    for (const [flow, settings] of Object.entries(objectAt(scheme['flows']))) {
      for (const field of ['authorizationUrl', 'tokenUrl', 'refreshUrl']) {
        const fault = addressFault(objectAt(settings)[field]);
        if (fault !== undefined) report([...trail, 'flows', flow, field], fault);
      }
    }
  }
}

/** What Go's `url.Parse` refuses: control characters, half an escape, a space in the host, a colon that ends no scheme. */
function addressFault(value: JsonValue | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value === '') return NOT_EMPTY;
  const [scheme = ''] = /^[A-Za-z][A-Za-z0-9+.-]*:/u.exec(value) ?? [];
  const host = /^\/\/([^/?#]*)/u.exec(value.slice(scheme.length))?.[1] ?? '';
  const isWrong =
    /\p{Cc}|%(?![0-9A-Fa-f]{2})/u.test(value) || /\s/u.test(host) || (scheme === '' && /^[^/?#]*:/u.test(value));
  return isWrong ? 'must be a URL, whole or relative' : undefined;
}

/** Methods that have no scheme in the document, by their field in the extension. */
const PLAIN_METHODS = ['hmac', 'oidc', 'custom'];

/** In "compliant" mode nodes (from 5.9) load an API only when each method that is on stands in a requirement. */
function checkCompliantMode(document: JsonObject, report: Report): void {
  const at = [EXTENSION, 'server', 'authentication'];
  const authentication = objectAt(document, ...at);
  if (authentication['securityProcessingMode'] !== 'compliant') return;
  const required = new Set([
    ...objectsOf(document['security']).flatMap((requirement) => Object.keys(requirement)),
    ...listAt(authentication['security']).flatMap(textsOf),
  ]);
  const methods = [
    ...PLAIN_METHODS.map((name) => [name, [name], authentication[name]] as const),
    ...Object.entries(objectAt(authentication['securitySchemes'])).map(
      ([name, settings]) => [name, ['securitySchemes', name], settings] as const,
    ),
  ];
  for (const [name, trail, settings] of methods) {
    if (objectAt(settings)['enabled'] !== true || required.has(name)) continue;
    report([...at, ...trail], 'is on, and no requirement in "security" names it');
  }
}

function checkParameter(parameter: JsonObject, trail: readonly string[], report: Report): void {
  if (typeof parameter['in'] !== 'string') return;
  if (textAt(parameter, 'name') === '') report([...trail, 'name'], NOT_EMPTY);
  if (parameter['style'] === 'deepObject' && parameter['explode'] === false) {
    report([...trail, 'explode'], 'must be true with the style deepObject');
  }
}
