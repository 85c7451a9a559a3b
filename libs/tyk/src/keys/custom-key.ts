import type { Problem } from '../schema/check';
import { organisationOfToken } from './token';

/** Nodes refuse whatever is presented to them with three characters or fewer. */
const SHORTEST = 4;
/** Far below the size of a header that any node or proxy takes. */
const LONGEST = 255;
const ORGANISATION_ID = /^[0-9a-f]{24}/i;

/**
 * What an id may consist of: characters that headers, paths and the JSON of tokens carry unchanged, and that nodes do not split a
 * message at.
 */
const ALLOWED = /^[A-Za-z0-9._~:@+=!$&'()*;|{}[\]/^ -]*$/;
const ALLOWED_WORDS = "letters and digits of ASCII, spaces inside, and . _ ~ : @ + = ! $ & ' ( ) * ; | { } [ ] / ^ -";

/**
 * Whether an organisation may call a key so: every client can send the id, and no node reads another organisation, or another
 * token, from it. Nodes take 24 hexadecimal digits at the beginning, and the JSON behind `ey`, for the key's organisation.
 *
 * @param kind a username is sent as `name:password`, so it cannot hold the colon
 */
export function checkKeyId(id: string, organisationId: string, kind: 'key' | 'username' = 'key'): Problem[] {
  const problem = (message: string): Problem[] => [{ path: kind === 'key' ? 'key' : 'username', message }];
  if (id.length < SHORTEST) return problem(`must have at least ${SHORTEST} characters: nodes refuse shorter ones`);
  if (id.length > LONGEST) return problem(`must have at most ${LONGEST} characters`);
  const foreign = Array.from(id).find((character) => !ALLOWED.test(character));
  if (foreign !== undefined)
    return problem(`must not contain ${JSON.stringify(foreign)} (at ${id.indexOf(foreign)}), only ${ALLOWED_WORDS}`);
  if (id !== id.trim()) return problem('must not begin or end with a space: clients and proxies cut it off');
  if (kind === 'username' && id.includes(':'))
    return problem('must not contain a colon, which ends the name in a login');
  const organisation = organisationOfToken(id);
  if (organisation !== undefined && organisation !== organisationId)
    return problem('must not look like a token of another organisation');
  // Up to 3.1 nodes take the first 24 characters for an organisation whatever they are; only hexadecimal ones can be one.
  if (ORGANISATION_ID.test(id) && !id.startsWith(organisationId))
    return problem('must not begin like the id of an organisation');
  return [];
}

/** The id without the organisation in front, which nodes cut off before they put it there. */
export function ownKeyId(id: string, organisationId: string): string {
  return id.startsWith(organisationId) && id.length > organisationId.length ? id.slice(organisationId.length) : id;
}
