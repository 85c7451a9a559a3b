import { asciiText } from './listen-address';
import { isLookedUp } from './looked-up';
import { comparableTemplate } from './route-template';

/** Where an API listens: what decides whether two APIs would be in each other's way on a gateway. */
export interface ListenAddress {
  readonly listenPath: string;
  readonly domain?: string;
  readonly domainDisabled?: boolean;
  /** The API's own port; 0 or absent for the gateway's. Routes of different ports do not meet. */
  readonly listenPort?: number;
  /** Segments of gateways that load the API. */
  readonly tags?: readonly string[];
  readonly tagsDisabled?: boolean;
  readonly active: boolean;
  /** For TCP and TLS services: the domain and the port decide, whatever the paths. */
  readonly anyPath?: boolean;
  /** When given, `/<apiId>/` is claimed too: gateways serve every API there as well. */
  readonly apiId?: string;
}

/**
 * A listen path as it counts for comparison: with a slash in front and none behind, and variables without their names; `/`
 * and the empty path stay.
 */
export function normaliseListenPath(path: string): string {
  if (path === '') return '';
  // A loop, because the time of /\/+$/ grows with the square of a run of slashes.
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  const withoutEnd = path.slice(0, end);
  return comparableTemplate(withoutEnd.startsWith('/') ? withoutEnd : `/${withoutEnd}`);
}

/**
 * What an API claims for itself, as texts that are equal exactly when two APIs claim the same: `host|path#tag`, one for each
 * tag, or a single one with an empty tag. An inactive API claims nothing. Made for a unique index over the list.
 *
 * What gateways look up is not claimed, because nobody here knows what it is: `lookedUpAddresses` says which that is.
 */
export function listenClaims(address: ListenAddress): string[] {
  const { listenPath, domain = '', domainDisabled = false, apiId = '', anyPath = false, active } = address;
  const { tags = [], tagsDisabled = false } = address;
  if (!active || (!domainDisabled && isLookedUp(domain.trim()))) return [];

  const known = [listenPath, apiId].filter((path) => path !== '' && !isLookedUp(path));
  const paths = anyPath ? [''] : known.map(normaliseListenPath);
  const segments = tagsDisabled || tags.length === 0 ? [''] : tags;
  const claims = paths.flatMap((path) => segments.map((tag) => `${hostOf(address)}|${path}#${escape(tag)}`));
  return [...new Set(claims)];
}

function hostOf({ domain = '', domainDisabled = false, listenPort = 0 }: ListenAddress): string {
  const host = domainDisabled ? '' : comparableTemplate(domain.trim(), asciiText);
  return escape(listenPort === 0 ? host : `${host}:${listenPort}`);
}

/** Keeps the separators unambiguous: the host ends at the first `|`, the tag starts after the last `#`. */
function escape(text: string): string {
  return text.replace(/[%|#]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
