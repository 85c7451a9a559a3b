import { z } from 'zod';

/** The Nest transport events that travel over Redis. They are hints: every consumer also looks for itself. */
export const transportEvents = {
  configurationChanged: 'configuration.changed',
  nodeReloaded: 'node.reloaded',
  certificateExpiring: 'certificate.expiring',
  keyChanged: 'key.changed',
} as const;

export type TransportEvent = (typeof transportEvents)[keyof typeof transportEvents];

const changedResourceSchema = z.object({
  kind: z.string(),
  /** 24 hex digits. */
  id: z.string(),
  operation: z.string(),
  version: z.number(),
});

/** Something that nodes load has changed, or a node was found behind. */
export const configurationChangedSchema = z.object({
  reason: z.enum(['change', 'reconcile']),
  organisation: z.string().nullable(),
  generation: z.number().nullable(),
  changes: z.array(changedResourceSchema).readonly(),
});

export type ConfigurationChanged = Readonly<z.infer<typeof configurationChangedSchema>>;

/** What the host manager last saw of one node. */
export const nodeReloadedSchema = z.object({
  /** Control URL of the node. */
  url: z.string(),
  /** Host of that URL, and the addresses it stands for: by one of them a registered node can be recognised. */
  host: z.string(),
  addresses: z.array(z.string()),
  /** Id of the registered node that this is, where it was seen which one; null where it was not. */
  node: z.string().nullable().default(null),
  ok: z.boolean(),
  /** Reloads that were asked for; 0 when the node had loaded what it should by itself. */
  attempts: z.number(),
  durationMs: z.number(),
  /** Why it failed; null when it did not. */
  error: z.string().nullable(),
  /** As the node's `/hello` says it; null when it was not to be had. */
  version: z.string().nullable(),
  /** ISO 8601. */
  at: z.string(),
  /** What led to it: `start`, `change`, `reconcile` or `reconnect`. */
  reason: z.string(),
});

export type NodeReloaded = Readonly<z.infer<typeof nodeReloadedSchema>>;

/** A certificate that ends soon, or has ended. Nobody here listens; it is for whatever watches an installation. */
export interface CertificateExpiring {
  readonly organisation: string;
  readonly certificate: string;
  readonly subject: string;
  /** ISO 8601. */
  readonly ends: string;
  /** Whole days until then; negative after it. */
  readonly days: number;
}

/** A key that was created, changed or deleted, of an organisation that wants to be told so. Nobody here listens. */
export interface KeyChanged {
  readonly organisation: string;
  /** Such as `hashed_key_event.created`. */
  readonly event: string;
  /** What the index knows of the key; never a token. */
  readonly data: object;
}

/** What Nest's Redis transport expects on the channel named like the pattern. */
export const toTransportMessage = (
  pattern: TransportEvent,
  data: ConfigurationChanged | NodeReloaded | CertificateExpiring | KeyChanged,
): string => JSON.stringify({ pattern, data });
