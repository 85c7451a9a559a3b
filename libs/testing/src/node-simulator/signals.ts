import { createHash } from 'node:crypto';
import { isJsonObject } from './decode';

/** The channel of docs/tyk/signals.md#channel. */
export const signalChannel = 'tyk.cluster.notifications';

/** Go's number for SHA-256. */
const sha256Algorithm = 5;

/** Where a node hears the messages of `tyk.cluster.notifications`, and publishes its own. */
export interface SignalSource {
  /** Whether messages can reach the node at this moment. */
  readonly connected: boolean;
  /**
   * Calls the listener for every message from now on, through interruptions.
   *
   * @throws Error when the first attempt fails; the source goes on trying in the background
   */
  subscribe(listener: (message: string) => void): Promise<void>;
  publish(message: string): Promise<void>;
  close(): Promise<void>;
}

/** Commands that queue a reload (docs/tyk/signals.md#commands). */
const reloadCommands: ReadonlySet<string> = new Set([
  'ApiUpdated',
  'ApiAdded',
  'ApiRemoved',
  'PolicyChanged',
  'GroupReload',
]);

/** Commands a gateway knows and that change nothing the simulator has. */
const otherCommands: ReadonlySet<string> = new Set([
  'KeySpaceUpdateNotification',
  'UserKeyReset',
  'DeleteAPICache',
  'InvalidateJWKSCacheForAPI',
  'OAuthPurgeLapsedTokens',
  'ClientIdPChanged',
  'NoticeDashboardZeroConf',
  'NoticeConfigUpdated',
  'NoticeDashboardConfigRequest',
  'NoticeGatewayDRLNotification',
  'NoticeGatewayLENotification',
]);

export type SignalVerdict =
  | { readonly kind: 'reload'; readonly command: string }
  | { readonly kind: 'other'; readonly command: string }
  /** A gateway's answer to a dashboard: read by nobody here, and not checked either. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'rejected'; readonly reason: string };

const signatureOf = (command: string, payload: string, nodeSecret: string): string =>
  createHash('sha256')
    .update(command + payload + nodeSecret)
    .digest('hex');

/** A message as a node signs it, for `/tyk/reload/group`. */
export const signedSignal = (command: string, nodeSecret: string): string =>
  JSON.stringify({
    command,
    payload: '',
    signature: signatureOf(command, '', nodeSecret),
    algorithm: sha256Algorithm,
  });

const textIn = (value: unknown): string | undefined => {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : undefined;
};

const rejected = (reason: string): SignalVerdict => ({ kind: 'rejected', reason });

/**
 * What a node makes of a message (docs/tyk/signals.md#channel, docs/tyk/signals.md#commands). Written from that page
 * and not shared with the code that signs, so that a mistake there is seen. Signatures of another algorithm are RSA
 * and need a public key, which the simulator has not.
 */
export const judgeSignal = (
  message: string,
  { nodeSecret, allowInsecureConfigs }: { nodeSecret: string; allowInsecureConfigs: boolean },
): SignalVerdict => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    return rejected('not JSON');
  }
  if (!isJsonObject(parsed)) return rejected('not an object');
  const command = textIn(parsed['command']);
  const payload = textIn(parsed['payload']);
  const signature = textIn(parsed['signature']);
  const algorithm = parsed['algorithm'] ?? 0;
  if (command === undefined) return rejected('command is not a string');
  if (payload === undefined) return rejected('payload is not a string');
  if (signature === undefined) return rejected('signature is not a string');
  if (typeof algorithm !== 'number') return rejected('algorithm is not a number');
  if (command === 'NoticeGatewayConfigResponse') return { kind: 'ignored' };
  if (!allowInsecureConfigs) {
    if (algorithm !== sha256Algorithm) return rejected(`no public key to check algorithm ${algorithm} with`);
    if (signature !== signatureOf(command, payload, nodeSecret)) return rejected('the signature does not match');
  }
  if (reloadCommands.has(command)) return { kind: 'reload', command };
  if (otherCommands.has(command)) return { kind: 'other', command };
  return rejected(`unknown command ${command}`);
};
