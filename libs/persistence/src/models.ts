/** Names under which Nest injects the models of what is no kind of resource; those bear the names of their kinds. */
export const modelNames = {
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
  key: 'key',
  keyEvent: 'keyEvent',
  keyScan: 'keyScan',
  organisationConfirmation: 'organisationConfirmation',
  signIn: 'signIn',
  installation: 'installation',
} as const;
