import { ValidationFailed } from '@castellan/dto';
import type { OrganisationRow } from '@castellan/persistence';
import { isJsonObject, ownField, parseJson } from '@castellan/tyk';
import type { OrganisationSettingsDto } from './organisation.dto';

/** What of the settings the row itself has, for those who look at it often. */
type LiftedSettings = Pick<
  OrganisationRow,
  'requireIfMatch' | 'allowDuplicateSlugs' | 'allowDuplicatePaths' | 'allowUnknownApis' | 'enableOwnership'
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
  if (sent == null && current !== null) return { document: storedIn(current), lifted: current };
  refuseUnknown(sent ?? {});
  const lifted = {
    requireIfMatch: sent?.require_if_match ?? false,
    allowDuplicateSlugs: sent?.allow_duplicate_slugs ?? false,
    allowDuplicatePaths: sent?.allow_duplicate_listen_paths ?? false,
    allowUnknownApis: sent?.allow_unknown_apis_in_policies ?? false,
    enableOwnership: sent?.enable_ownership ?? false,
  };
  const isEmpty = Object.values(sent ?? {}).every((value) => value === undefined);
  return { document: isEmpty ? undefined : sent, lifted };
};

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
