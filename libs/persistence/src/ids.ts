import { Types } from 'mongoose';
import { nobody } from '@castellan/delivery';

declare const brand: unique symbol;

/** The id of an organisation, 24 lower-case hex digits. Queries take it first, so that none runs without one (promise 6). */
export type OrganisationId = string & { readonly [brand]: 'organisation' };

const objectIdText = /^[0-9a-f]{24}$/i;

/** Whether the text can be the id of a row. */
export const isObjectIdText = (text: string): boolean => objectIdText.test(text);

/** @throws TypeError when the text is no id; callers check what comes from outside first */
export const toOrganisationId = (id: string | Types.ObjectId): OrganisationId => {
  const text = id.toString().toLowerCase();
  if (!isObjectIdText(text)) throw new TypeError('An organisation id is 24 hex digits');
  return text as OrganisationId;
};

/**
 * In the place of an organisation where there is none: what super users belong to, who act in any. No organisation is ever
 * given this id.
 */
export const noOrganisation = toOrganisationId(nobody);

/** The id of an organisation in rows that have none for what concerns no organisation. */
export const concernedId = (organisation: string): Types.ObjectId | null =>
  organisation === noOrganisation ? null : toObjectId(organisation);

export const toObjectId = (id: string): Types.ObjectId => new Types.ObjectId(id);

/** A new row id. */
export const newObjectId = (): Types.ObjectId => new Types.ObjectId();
