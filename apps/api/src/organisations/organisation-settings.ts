import { ValidationFailed } from '@castellan/dto';
import type { OrganisationRow } from '@castellan/persistence';
import { isJsonObject, ownField, parseJson } from '@castellan/tyk';
import { quotaKinds } from './kind-sections';
import type { OrganisationSettingsDto } from './organisation.dto';

/** What of the settings the row itself has, for those who look at it often. */
type LiftedSettings = Pick<
  OrganisationRow,
  'requireIfMatch' | 'allowDuplicateSlugs' | 'allowDuplicatePaths' | 'allowUnknownApis' | 'enableOwnership' | 'quotas'
>;

interface Settings {
  /** As the document has them; undefined where there are none. */
  readonly document: unknown;
  readonly lifted: LiftedSettings;
}

const names: readonly (keyof OrganisationSettingsDto)[] = [
  'require_if_match',
  'allow_duplicate_slugs',
  'allow_duplicate_listen_paths',
  'allow_unknown_apis_in_policies',
  'enable_ownership',
  'analytics',
  'quotas',
];

/**
 * The settings after a write. They are protections of ours, of which tools for Tyk know nothing: where none are sent, they
 * stay as they are.
 *
 * @throws ValidationFailed for a name that is no setting, which would protect nothing
 */
export const settingsAfter = (
  current: OrganisationRow | null,
  sent: OrganisationSettingsDto | null | undefined,
): Settings => {
  if (sent == null && current !== null) return { document: storedIn(current), lifted: liftedOf(current) };
  refuseUnknown(sent ?? {});
  const lifted = {
    requireIfMatch: sent?.require_if_match ?? false,
    allowDuplicateSlugs: sent?.allow_duplicate_slugs ?? false,
    allowDuplicatePaths: sent?.allow_duplicate_listen_paths ?? false,
    allowUnknownApis: sent?.allow_unknown_apis_in_policies ?? false,
    enableOwnership: sent?.enable_ownership ?? false,
    ...quotasOf(sent?.quotas),
  };
  const isEmpty = Object.values(sent ?? {}).every((value) => value === undefined);
  return { document: isEmpty ? undefined : sent, lifted };
};

const liftedOf = (row: OrganisationRow): LiftedSettings => ({
  requireIfMatch: row.requireIfMatch,
  allowDuplicateSlugs: row.allowDuplicateSlugs,
  allowDuplicatePaths: row.allowDuplicatePaths,
  allowUnknownApis: row.allowUnknownApis,
  enableOwnership: row.enableOwnership,
  ...(row.quotas === undefined ? {} : { quotas: row.quotas }),
});

/** By the names of kinds, as those who count know them. @throws ValidationFailed */
const quotasOf = (sent: Readonly<Record<string, unknown>> | undefined): Pick<LiftedSettings, 'quotas'> => {
  if (sent === undefined) return {};
  const kinds = new Map(quotaKinds().map(({ section, name }) => [section, name]));
  const problems = Object.entries(sent).flatMap(([section, most]) => {
    const path = `settings.quotas.${section}`;
    if (!kinds.has(section))
      return [{ path, message: `is nothing that is counted; there are ${[...kinds.keys()].join(', ')}` }];
    return isCount(most) ? [] : [{ path, message: 'must be a whole number, 0 or more' }];
  });
  if (problems.length > 0) throw new ValidationFailed(problems);
  const quotas = Object.entries(sent).flatMap(([section, most]) => {
    const kind = kinds.get(section);
    return kind !== undefined && isCount(most) ? [[kind, most] as const] : [];
  });
  return { quotas: Object.fromEntries(quotas) };
};

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const refuseUnknown = (sent: object): void => {
  const problems = Object.keys(sent)
    .filter((name) => !names.some((one) => one === name))
    .map((name) => ({ path: `settings.${name}`, message: `is no setting; there are ${names.join(', ')}` }));
  if (problems.length > 0) throw new ValidationFailed(problems);
};

const storedIn = ({ document }: OrganisationRow): unknown => {
  const stored = parseJson(document);
  return isJsonObject(stored) ? ownField(stored, 'settings') : undefined;
};
