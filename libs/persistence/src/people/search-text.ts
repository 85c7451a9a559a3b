import { textAt, type JsonObject } from '@castellan/tyk';

/** What a search looks at: name and address, in one form of their letters and in lower case. */
export const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

/** The text of a user's document that searches look at. */
export const userSearchText = (document: JsonObject): string =>
  folded(['first_name', 'last_name', 'email_address'].map((field) => textAt(document, field)).join(' '));
