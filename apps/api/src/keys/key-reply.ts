import type { KeyRow } from '@castellan/persistence';
import { explainSession, hasLostRights, sessionForCallers, type Session } from '@castellan/tyk';
import type { Counters } from './key-counters';
import { withoutSecrets } from './key-contents';
import type { KeyReplyDto } from './key.dto';

/** A key as clients know it, and after that what Castellan adds. */
export function keyReply(
  row: Pick<KeyRow, 'hash'> & Partial<Pick<KeyRow, 'announced' | 'sealed' | 'lastUsedAt'>>,
  stored: Session,
  now: Date,
  extra: {
    readonly token?: string;
    readonly counters?: Counters | null;
    /** What is to be said beside what the session means. */
    readonly notes?: readonly string[];
    /** What its policies come to, for each API. */
    readonly limits?: KeyReplyDto['limits'];
  } = {},
): KeyReplyDto {
  const session = sessionForCallers(stored);
  return {
    api_model: {},
    key_id: extra.token ?? row.hash,
    data: withoutSecrets(session),
    key_hash: row.hash,
    explanation: [
      ...explainSession(session, now),
      ...(hasLostRights(stored) ? [UNGRANTED] : []),
      ...(extra.notes ?? []),
      ...lateness(row),
    ],
    ...(extra.counters === undefined
      ? {}
      : { counters: extra.counters, last_used: row.lastUsedAt?.toISOString() ?? null }),
    ...(extra.limits === undefined ? {} : { limits: extra.limits }),
  };
}

const UNGRANTED =
  'It opens nothing: of the policies that it names none is there that grants rights. It goes on when one is, or when it names others.';

/** What is said of a key that gateways may forget too late; nothing of any other. */
export function lateness(row: Parameters<typeof keyReply>[0]): string[] {
  return isHashAlone(row) ? [LATE] : [];
}

const LATE =
  'It is known by its hash alone: gateways from 5.0 on may go by what it was for ten seconds after a change, unless the change names it by its token.';

/** Whether nothing is known of a key but a hash that gateways from 5.0 on do not look for in their memory. */
function isHashAlone({ hash, announced, sealed }: Parameters<typeof keyReply>[0]): boolean {
  return sealed === '' && announced?.length === 1 && announced[0] === hash && hash.length !== hashDigits.murmur64;
}

/** Hex digits of the hash that gateways from 5.0 on keep keys under. */
const hashDigits = { murmur64: 16 };

/** The same while Redis is out of reach. */
export function indexReply(row: KeyRow): KeyReplyDto {
  const { key_id, data } = indexEntry(row);
  return {
    ...{ api_model: {}, key_id, data, key_hash: row.hash },
    explanation: [
      'The Redis of the nodes is out of reach: this is what the index knows, and live counters are missing.',
    ],
    counters: null,
  };
}

/** What the index knows of a key, in the words of a session. */
export function indexEntry(row: KeyRow): { key_id: string; data: object } {
  return {
    key_id: row.hash,
    data: {
      org_id: row.orgId.toString(),
      alias: row.alias,
      username: row.username,
      apis: row.apiIds,
      apply_policies: row.policyIds,
      tags: row.tags,
      certificate: row.certificate,
      oauth_client_id: row.oauthClient,
      is_inactive: row.inactive,
      expires: row.expiresAt === null ? 0 : Math.floor(row.expiresAt.getTime() / 1_000),
      date_created: row.createdAt.toISOString(),
      last_updated: String(Math.floor(row.updatedAt.getTime() / 1_000)),
      last_used: row.lastUsedAt?.toISOString() ?? null,
      created_by: row.createdBy,
      version: row.version,
      ...(row.deletedAt === null ? {} : { deleted_at: row.deletedAt.toISOString() }),
    },
  };
}
