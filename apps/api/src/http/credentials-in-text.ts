import type { IncomingHttpHeaders } from 'node:http';
import { REDACTED, withoutAccessKeys } from '@castellan/tyk';

/** Shorter ones may stand in a text by chance. */
const shortest = 8;

/** The credentials that a request brings, without the word before them. */
const broughtBy = ({ authorization, 'admin-auth': adminAuth }: IncomingHttpHeaders): readonly string[] =>
  [authorization?.replace(/^bearer\s+/i, '').trim(), typeof adminAuth === 'string' ? adminAuth.trim() : undefined]
    .filter((secret) => secret !== undefined)
    .filter((secret) => secret.length >= shortest);

/**
 * A text that a caller wrote, such as a path or a reason, without credentials of this installation: every access key in
 * the form that they have, and what the caller has proven itself with. It is stored and logged, and read by others.
 */
export const withoutCredentials = (text: string, headers: IncomingHttpHeaders): string => {
  const rest = broughtBy(headers).reduce((kept, secret) => kept.replaceAll(secret, REDACTED), text);
  return withoutAccessKeys(rest, REDACTED);
};
