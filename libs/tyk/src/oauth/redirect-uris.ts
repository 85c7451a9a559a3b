/** What of a client's redirect URIs is wrong, completing a sentence that begins with the name of the field. */
export type UriProblem = string;

const dangerous = new Set(['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:']);
const longest = 2_000;
const most = 50;
/** Where a second URI begins. */
const another = /[,;|\s]\s*[a-z][a-z0-9+.-]*:\/\//i;

/**
 * Checks where a client may send its users back to. Gateways compare by the beginning of the path, and take a list only where
 * they have a separator (docs/tyk/oauth.md#redirects).
 *
 * @param separator as gateways have it in `oauth_redirect_uri_separator`; empty for none
 * @returns the first problem; null when there is none
 */
export function checkRedirectUris(text: string, separator: string): UriProblem | null {
  if (text.length > longest * most) return `must have at most ${longest * most} characters`;
  if (separator === '' && another.test(text)) {
    return 'must be one URI: gateways take a list only with a separator (CASTELLAN_OAUTH_REDIRECT_SEPARATOR)';
  }
  const uris = separator === '' ? [text] : text.split(separator);
  if (uris.length > most) return `must name at most ${most} URIs`;
  for (const uri of uris) {
    const problem = checkUri(uri);
    if (problem !== null) return problem;
  }
  return null;
}

function checkUri(uri: string): UriProblem | null {
  if (uri.length > longest) return `must be a URI of at most ${longest} characters`;
  if (/[\s\u0000-\u001f\u007f\\*]/.test(uri)) return 'must be a URI without spaces, backslashes and wildcards';
  const scheme = /^([a-z][a-z0-9+.-]*:)/i.exec(uri)?.[1]?.toLowerCase();
  const parsed = URL.canParse(uri) ? new URL(uri) : null;
  if (scheme === undefined || parsed === null) return 'must be an absolute URI, such as https://app.example/callback';
  if (dangerous.has(scheme)) return `must not begin with ${scheme}`;
  const isWeb = scheme === 'https:' || scheme === 'http:';
  // Apps have schemes after their reversed domain (RFC 8252); any other could be any program's.
  if (!isWeb && !scheme.includes('.'))
    return 'must begin with https://, http:// or a scheme with a dot, such as com.example.app:';
  if (isWeb && !/^https?:\/\/[^/?#]/i.test(uri)) return 'must name a host';
  if (uri.includes('#')) return 'must have no fragment';
  if (parsed.username !== '' || parsed.password !== '' || /^[^/]*\/\/[^/?]*@/.test(uri))
    return 'must have no user and password';
  if (/(^|\/|%2f)(\.|%2e){1,2}(\/|%2f|$|\?)/i.test(uri.slice(scheme.length))) return 'must have no segments of dots';
  return null;
}

/** Whether gateways would send users anywhere on the host: they compare by the beginning of the path. */
export const isWholeHost = (uri: string): boolean => /^https?:\/\/[^/?#]+\/?$/i.test(uri);
