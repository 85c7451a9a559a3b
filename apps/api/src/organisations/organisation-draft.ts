import { Conflict } from '@castellan/dto';
import {
  DuplicateKey,
  OrganisationStore,
  slugKeyOf,
  toObjectId,
  type Draft,
  type OrganisationRow,
} from '@castellan/persistence';
import type { OrganisationInput } from './organisation.dto';
import { organisationSessionAfter } from './organisation-session';
import { settingsAfter } from './organisation-settings';

/** Fields that the organisation's row or the reply owns; what a client sends for them is not kept. */
const ownedFields = new Set(['id', '_id', 'apis', 'version', 'settings', 'org_session']);

/** The row that an organisation makes, in the place of the current one if there is any. @throws ValidationFailed */
export const organisationDraft = async (
  id: string,
  input: OrganisationInput,
  current: OrganisationRow | null,
): Promise<Draft<OrganisationRow>> => {
  const settings = settingsAfter(current, input.settings);
  const session = await organisationSessionAfter(current, input.org_session);
  const content = Object.fromEntries(Object.entries(input).filter(([field]) => !ownedFields.has(field)));
  const slug = input.owner_slug ?? '';
  return {
    _id: toObjectId(id),
    document: JSON.stringify({ ...content, settings: settings.document, ...session }),
    name: input.owner_name,
    slug,
    ...claimOf(slug, current),
    ...settings.lifted,
  };
};

/** Organisations that had the same slug before it had to be one's own keep it, without a claim to it. */
const claimOf = (slug: string, current: OrganisationRow | null): Pick<OrganisationRow, 'slugKey'> => {
  const slugKey = slugKeyOf(slug);
  const isUnclaimed = current !== null && current.slugKey === undefined && slugKeyOf(current.slug) === slugKey;
  return slugKey === undefined || isUnclaimed ? {} : { slugKey };
};

/** What a write of a slug is refused with: the conflict that says which organisation has it already, or the error as it is. */
export const explainingTakenSlug =
  (organisations: OrganisationStore, slug: string | null | undefined) =>
  async (error: unknown): Promise<unknown> => {
    if (!(error instanceof DuplicateKey) || !error.fields.includes('slugKey')) return error;
    const id = await organisations.holderOfSlug(slug ?? '');
    const message = `The organisation ${id ?? ''} has the owner_slug "${slug ?? ''}" already`;
    return new Conflict('owner_slug_conflict', message, { cause: error, meta: { id } });
  };
