/** Names under which Nest injects the models. */
export const modelNames = {
  organisation: 'organisation',
  user: 'user',
  api: 'api',
  policy: 'policy',
  webhook: 'webhook',
  revision: 'revision',
  revisionSweep: 'revisionSweep',
  audit: 'audit',
  auditChain: 'auditChain',
  outbox: 'outbox',
  generation: 'generation',
  import: 'import',
  importStep: 'importStep',
  importJournal: 'importJournal',
  frozenList: 'frozenList',
} as const;
