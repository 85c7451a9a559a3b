import { ownField, type JsonObject } from '../json/json-text';
import { objectAt } from '../json/read';
import type { Problem } from '../schema/check';
import { entryPath } from '../schema/path';
import { schemeKind } from '../convert/auth/auth-to-classic';
import { resolveReference } from '../openapi/references';
import { defineField, objectsOf, readAt, writeAt, type JsonDraft } from '../openapi/values';

/** Where nodes look for a credential that OpenAPI does not name a place for. */
const AUTHORIZATION = { enabled: true, name: 'Authorization' };

/**
 * Switches authentication on or off, and with it every method that the document's `security` names. Settings the methods have
 * already are kept.
 */
export function importAuthentication(
  document: JsonObject,
  extension: JsonDraft,
  enabled: boolean,
): { readonly problems: readonly Problem[]; readonly notes: readonly Problem[] } {
  const requirements = objectsOf(document['security']);
  if (requirements.length === 0) {
    const message = 'names no security scheme to switch on or off: add one, or leave the parameter authentication out';
    return { problems: [{ path: 'security', message }], notes: [] };
  }

  const declared = objectAt(document, 'components', 'securitySchemes');
  const settings: JsonDraft = { ...objectAt(readAt(extension, 'server.authentication.securitySchemes')) };
  const names = new Set(requirements.flatMap((requirement) => Object.keys(requirement)));
  const kinds = new Set<string>();
  const notes: Problem[] = [];
  for (const name of names) {
    const kind = schemeKind(objectAt(resolveReference(document, ownField(declared, name))));
    if (kind === undefined) {
      const message = 'is of a kind that nodes have no method for, so it is not checked';
      notes.push({ path: entryPath('components.securitySchemes', name), message });
      continue;
    }
    kinds.add(kind);
    const current = objectAt(ownField(settings, name));
    const place = kind === 'apiKey' ? {} : { header: AUTHORIZATION };
    defineField(settings, name, { ...current, ...place, enabled });
  }

  const authentication: JsonDraft = {
    ...objectAt(readAt(extension, 'server.authentication')),
    enabled,
    securitySchemes: settings,
  };
  const identity = Object.keys(settings).length > 1 ? identityOf(kinds) : undefined;
  if (identity !== undefined) authentication['baseIdentityProvider'] = identity;
  writeAt(extension, 'server.authentication', authentication);
  return { problems: [], notes };
}

/** With several methods, the one whose session counts: a token before a JWT before the rest, as nodes choose. */
function identityOf(kinds: ReadonlySet<string>): string {
  if (kinds.has('apiKey')) return 'auth_token';
  return kinds.has('jwt') ? 'jwt_claim' : 'oauth_key';
}
