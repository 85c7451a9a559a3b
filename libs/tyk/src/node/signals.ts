import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * The Redis channel every gateway of an installation listens on (docs/tyk/signals.md#channel). Redis key prefixes do
 * not apply to it.
 */
export const NOTIFICATION_CHANNEL = 'tyk.cluster.notifications';

/**
 * The number Go gives SHA-256; a gateway that reads it checks the signature with its node secret
 * (docs/tyk/signals.md#channel).
 */
export const NOTIFICATION_ALGORITHM = 5;

/**
 * Commands that make a node fetch policies and definitions again; they carry no payload (docs/tyk/signals.md#commands).
 */
export const RELOAD_COMMANDS = ['ApiUpdated', 'ApiAdded', 'ApiRemoved', 'PolicyChanged', 'GroupReload'] as const;

/** Every command gateways publish or understand (docs/tyk/signals.md#commands). */
export const NOTIFICATION_COMMANDS = [
  ...RELOAD_COMMANDS,
  'KeySpaceUpdateNotification',
  'UserKeyReset',
  'DeleteAPICache',
  'InvalidateJWKSCacheForAPI',
  'OAuthPurgeLapsedTokens',
  'ClientIdPChanged',
  'NoticeConfigUpdated',
  'NoticeDashboardZeroConf',
  'NoticeDashboardConfigRequest',
  'NoticeGatewayConfigResponse',
  'NoticeGatewayDRLNotification',
] as const;

export type ReloadCommand = (typeof RELOAD_COMMANDS)[number];
export type NotificationCommand = (typeof NOTIFICATION_COMMANDS)[number];

export interface NotificationToSign {
  command: NotificationCommand;
  /** Text whose meaning depends on the command; empty for reloads. */
  payload?: string;
  nodeSecret: string;
}

export type VerifiedNotification =
  | { ok: true; command: string; payload: string }
  | { ok: false; reason: 'malformed' | 'unknown_algorithm' | 'bad_signature' };

/** Tells whether gateways know a command. */
export function isNotificationCommand(command: string): command is NotificationCommand {
  return NOTIFICATION_COMMANDS.some((known) => known === command);
}

/** Tells whether a verified command is one that makes nodes reload. */
export function isReloadCommand(command: string): command is ReloadCommand {
  return RELOAD_COMMANDS.some((known) => known === command);
}

/**
 * The text to publish on {@link NOTIFICATION_CHANNEL}: fields in the order gateways write them, no spaces, signed with
 * the secret the nodes share (docs/tyk/signals.md#channel). Nodes without `allow_insecure_configs` ignore anything
 * unsigned.
 */
export function signNotification({ command, payload = '', nodeSecret }: NotificationToSign): string {
  const signature = signatureOf(command, payload, nodeSecret);
  return JSON.stringify({ command, payload, signature, algorithm: NOTIFICATION_ALGORITHM });
}

/**
 * Reads a message of the channel as a node does that only trusts its node secret. An unknown command passes (a node logs
 * and skips it); the RSA form of old dashboards is reported as `unknown_algorithm`.
 */
export function verifyNotification(message: string, nodeSecret: string): VerifiedNotification {
  const fields = readFields(message);
  if (fields === undefined) return { ok: false, reason: 'malformed' };
  if (fields.algorithm !== NOTIFICATION_ALGORITHM) return { ok: false, reason: 'unknown_algorithm' };

  const expected = Buffer.from(signatureOf(fields.command, fields.payload, nodeSecret));
  const given = Buffer.from(fields.signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return { ok: false, reason: 'bad_signature' };
  }
  return { ok: true, command: fields.command, payload: fields.payload };
}

function signatureOf(command: string, payload: string, nodeSecret: string): string {
  return createHash('sha256')
    .update(command + payload + nodeSecret)
    .digest('hex');
}

interface NotificationFields {
  command: string;
  payload: string;
  signature: string;
  algorithm: number;
}

function readFields(message: string): NotificationFields | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;

  // Like Go's decoder: a missing or null field is its zero value, a field of another type spoils the message.
  const value = new Map<string, unknown>(Object.entries(parsed));
  const command = value.get('command') ?? '';
  const payload = value.get('payload') ?? '';
  const signature = value.get('signature') ?? '';
  const algorithm = value.get('algorithm') ?? 0;
  if (typeof command !== 'string' || typeof payload !== 'string') return undefined;
  if (typeof signature !== 'string' || typeof algorithm !== 'number') return undefined;
  return { command, payload, signature, algorithm };
}
