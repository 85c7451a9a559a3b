/** Every section that a right can be given for, in Tyk's names (docs/tyk/management.md#permissions). */
export const sections = {
  analytics: 'Usage, activity and error figures',
  owned_analytics: 'Figures of the APIs that the user owns',
  apis: 'API definitions, their versions, categories and owners',
  hooks: 'Web hooks',
  idm: 'Identity management',
  keys: 'Keys and their sessions',
  policies: 'Policies',
  portal: 'Developer portal',
  system: 'Nodes, settings, import and export',
  users: 'Users of the organisation',
  user_groups: 'User groups',
  log: 'Request logs',
  oauth: 'OAuth clients',
  certs: 'Certificates',
  api_assets: 'API templates',
  websockets: 'Live updates of the console',
  audit_logs: 'The audit log',
} as const;

export type Section = keyof typeof sections;
/** Whether there is a section of this name. */
export const isSection = (name: string): name is Section => Object.hasOwn(sections, name);

export type Level = 'read' | 'write';

/** What a user was given, as it stands in `user_permissions`. Names that are not in the catalogue are kept and grant nothing. */
export type Grants = Readonly<Record<string, string>>;

/** Older documents write `policy` for `policies`; both are accepted. */
const aliases: Partial<Record<Section, readonly string[]>> = { policies: ['policy'] };

/** Both spellings stand in Tyk's documents. */
const adminValues = new Set(['admin', 'true']);

const own = (grants: Grants, name: string): string | undefined =>
  Object.hasOwn(grants, name) ? grants[name] : undefined;

export const isAdmin = (grants: Grants): boolean => adminValues.has(own(grants, 'IsAdmin') ?? '');

/** Whether the grants allow it. `write` includes `read`; what is not granted is denied, an empty object included. */
export const allows = (grants: Grants, section: Section, level: Level): boolean => {
  if (isAdmin(grants)) return true;
  return [section, ...(aliases[section] ?? [])].some((name) => {
    const granted = own(grants, name);
    return granted === 'write' || (level === 'read' && granted === 'read');
  });
};

/** Whether the grants give anything at all. */
export const givesSomething = (grants: Grants): boolean =>
  isAdmin(grants) || Object.keys(sections).some((section) => allows(grants, section as Section, 'read'));
