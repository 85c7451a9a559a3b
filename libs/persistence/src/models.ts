/** Names under which Nest injects the models. */
export const modelNames = {
  organisation: 'organisation',
  user: 'user',
  api: 'api',
  policy: 'policy',
  webhook: 'webhook',
  revision: 'revision',
  audit: 'audit',
  outbox: 'outbox',
  generation: 'generation',
} as const;
