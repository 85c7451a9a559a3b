export * from './key-hash-algorithm';
export * from './key-hash';
export * from './murmur';
export * from './token';
export { checkKeyId, ownKeyId } from './custom-key';
export * from './key-names';
export { mayNameAny, policiesOf, readSession, writeSession, type Session } from './session';
export { checkSession } from './check-session';
export {
  grantsRights,
  hasLostRights,
  opensNothing,
  rightsWith,
  sessionForCallers,
  sessionForNodes,
  withoutRights,
  type AppliedPolicy,
} from './session-form';
export { lostValues, ownValues, policyValues, withoutPolicies, withoutValues, type OwnValues } from './own-values';
export { sessionHolds } from './session-holds';
export { sessionFacts, type SessionFacts } from './session-facts';
export { certificatesOf } from './session-certificates';
export { explainSession } from './explain-session';
export { explainPolicies } from './explain-policies';
export type { AppliedLimit } from './policy-limits';
export * from './organisation-session';
