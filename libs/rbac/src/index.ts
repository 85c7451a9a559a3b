export {
  ACCESS,
  accessOf,
  OperatorOnly,
  AnyUser,
  NodeOnly,
  permissionText,
  Public,
  Requires,
  securitySchemes,
  type Access,
  type Plane,
} from './access.decorator';
export { AccessControl, AccessGuard, AUTHENTICATOR, type Authenticator, type GuardedRequest } from './access.guard';
export {
  allows,
  givesSomething,
  isAdmin,
  isSection,
  sections,
  type Grants,
  type Level,
  type Section,
} from './catalogue';
export type { AdminPrincipal, NodePrincipal, Principal, SuperUser, UserPrincipal } from './principal';
export { addRouteConfig } from './route-config';
export {
  describeRights,
  mayResetPasswords,
  readGrants,
  reservedNames,
  rightsBeyond,
  rightsOf,
  union,
  type AdditionalSections,
} from './rights';
