import { ownField, type JsonObject } from '../../json/json-text';
import { entryPath } from '../../schema/path';
import { type Lost } from '../lost';
import { resolveReference } from '../../openapi/references';
import { listAt, objectAt } from '../../json/read';
import { objectsOf, readAt, textsOf, type JsonDraft } from '../../openapi/values';

/** Methods that have no scheme in an OpenAPI document; requirements name them in the extension instead. */
const WITHOUT_SCHEME: ReadonlySet<string> = new Set(['hmac', 'custom', 'mtls', 'coprocess']);

/** Requirements are alternatives in "compliant" mode. In the older mode nodes look at the first one. */
function isCompliant(authentication: JsonObject): boolean {
  return authentication['securityProcessingMode'] === 'compliant';
}

/** The requirements that stand in the extension, because a part of each has no scheme in the document. */
function vendorRequirements(authentication: JsonObject): string[][] {
  return isCompliant(authentication) ? listAt(authentication['security']).map(textsOf) : [];
}

/** The security schemes that nodes set up for the API, in the order of the document. */
export function activeSchemes(document: JsonObject, authentication: JsonObject): string[] {
  const declared = objectAt(readAt(document, 'components.securitySchemes'));
  const requirements = objectsOf(document['security']).map((requirement) => Object.keys(requirement));
  const configured = Object.keys(objectAt(authentication['securitySchemes'])).length > 0;
  const used = isCompliant(authentication)
    ? [...requirements, ...vendorRequirements(authentication)]
    : requirements.slice(0, authentication['enabled'] === true || configured ? 1 : 0);

  const names = new Set<string>();
  for (const requirement of used) {
    const known = requirement.filter((name) => ownField(declared, name) !== undefined);
    const tokens = known.filter((name) => isApiKey(document, ownField(declared, name)));
    // There is one place for a token: the first that is switched on gets it.
    const enabled = tokens.find((name) => isEnabled(authentication, name)) ?? tokens[0];
    for (const name of known) if (!tokens.includes(name) || name === enabled) names.add(name);
  }
  return [...names];
}

function isApiKey(document: JsonObject, scheme: JsonObject[string] | undefined): boolean {
  return objectAt(resolveReference(document, scheme))['type'] === 'apiKey';
}

function isEnabled(authentication: JsonObject, name: string): boolean {
  return objectAt(ownField(objectAt(authentication['securitySchemes']), name))['enabled'] === true;
}

/**
 * `security_requirements` and the scopes beside them; neither if one method alone is required, which is what nodes assume.
 * Nodes up to 5.9 do not know the fields.
 */
export function classicRequirements(document: JsonObject, authentication: JsonObject): JsonDraft {
  const requirements = objectsOf(document['security']);
  if (!isCompliant(authentication)) {
    const several = requirements.length > 1 || requirements.some((each) => Object.keys(each).length > 1);
    return several ? written(requirements, []) : {};
  }
  const vendor = vendorRequirements(authentication);
  if (requirements.length === 0 && vendor.length === 0) return {};
  const mixed = new Set(
    vendor
      .filter((names) => names.some((name) => WITHOUT_SCHEME.has(name)))
      .flatMap((names) => names.filter((name) => !WITHOUT_SCHEME.has(name))),
  );
  const alone = requirements.filter((requirement) => {
    const names = Object.keys(requirement);
    return names.length !== 1 || !names.some((name) => mixed.has(name));
  });
  return written(alone, vendor);
}

function written(requirements: readonly JsonObject[], vendor: readonly string[][]): JsonDraft {
  return {
    security_requirements: [...requirements.map((each) => Object.keys(each)), ...vendor],
    security_requirement_scopes: [
      ...requirements.map((each) =>
        Object.fromEntries(Object.entries(each).map(([name, scopes]) => [name, textsOf(scopes)])),
      ),
      ...vendor.map(() => ({})),
    ],
  };
}

/** One requirement with all schemes, unless the definition spells out its requirements. */
export function requirementsToOas(
  definition: JsonObject,
  schemes: readonly string[],
  document: JsonDraft,
  authentication: JsonDraft,
  lost: Lost,
): void {
  const spelled = listAt(definition['security_requirements']).map(textsOf);
  // Nodes look at the list only where it leaves a choice; with one requirement or none, every method that is on is asked for.
  const asked = (spelled[0] ?? []).filter((name) => WITHOUT_SCHEME.has(name));
  const all = [...schemes, ...asked];
  const requirements = spelled.length > 1 ? spelled : [all].filter((names) => names.length > 0);
  const scopes = objectsOf(definition['security_requirement_scopes']);
  for (const [index, names] of spelled.entries()) {
    const unknown = names.filter((name) => !schemes.includes(name) && !WITHOUT_SCHEME.has(name));
    if (unknown.length > 0) lost(entryPath('security_requirements', index), `"${unknown.join('", "')}" is not in use`);
  }
  for (const [index, scope] of scopes.entries()) {
    const unknown = Object.keys(scope).filter((name) => requirements[index]?.includes(name) !== true);
    if (unknown.length > 0)
      lost(entryPath('security_requirement_scopes', index), `"${unknown.join('", "')}" is not required`);
  }

  const inDocument = requirements.flatMap((names, index) =>
    names.every((name) => schemes.includes(name))
      ? [Object.fromEntries(names.map((name) => [name, listAt(scopes[index], name)]))]
      : [],
  );
  const others = requirements.filter((names) => names.some((name) => WITHOUT_SCHEME.has(name)));
  // Where none of them can be met, a document without any would leave the methods out altogether.
  if (inDocument.length + others.length === 0 && schemes.length > 0) {
    inDocument.push(Object.fromEntries(schemes.map((name) => [name, []])));
  }
  if (inDocument.length > 0) document['security'] = inDocument;
  // One requirement that the document can express means the same in both modes, and older nodes know one mode only.
  if (requirements.length > 1 || others.length > 0) authentication['securityProcessingMode'] = 'compliant';
  if (others.length > 0) authentication['security'] = others.map((names) => [...names]);
}
