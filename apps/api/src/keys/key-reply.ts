import type { KeyRow } from '@castellan/persistence';
import { explainSession, sessionForCallers, type Session } from '@castellan/tyk';
import type { Counters } from './key-counters';
import { withoutSecrets } from './key-contents';
import type { KeyReplyDto } from './key.dto';

/** A key as clients know it, and after that what Castellan adds. */
export function keyReply(
  row: Pick<KeyRow, 'hash'>,
  stored: Session,
  now: Date,
  extra: { readonly token?: string; readonly counters?: Counters | null } = {},
): KeyReplyDto {
  const session = sessionForCallers(stored);
  return {
    api_model: {},
    key_id: extra.token ?? row.hash,
    data: withoutSecrets(session),
    key_hash: row.hash,
    explanation: explainSession(session, now),
    ...(extra.counters === undefined ? {} : { counters: extra.counters }),
  };
}

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
      created_by: row.createdBy,
      version: row.version,
    },
  };
}
