import { isKeyHash, REDACTED } from '@castellan/tyk';

/** Where paths name a key: by its token, which nobody may read (promise 9), by what it is called, or by its hash. */
const KEY_IN_PATH = /^(\/api\/(?:apis\/[^/]+\/)?keys\/)([^/]+)/i;

/** Figures of keys, one or several with commas between them, before two days. */
const KEYS_OF_FIGURES = /^(\/api\/activity\/keys\/(?:aggregate\/|endpoint\/)?)([^/]+)(?=(?:\/\d+){6}\/?$)/i;

/** What stands there and is no key. */
const ROUTES = new Set(['detailed', 'search', 'preview', 'reconcile', 'bulk']);

/** A path as logs and audit records show it. A key is shown by its hash or not at all. */
export const shownPath = (path: string): string =>
  path
    .replace(KEY_IN_PATH, (whole, before: string, key: string) =>
      ROUTES.has(key) || isKeyHash(key) ? whole : before + REDACTED,
    )
    .replace(KEYS_OF_FIGURES, (whole, before: string, keys: string) =>
      keys.split(/,|%2c/i).every(isKeyHash) ? whole : before + REDACTED,
    );
