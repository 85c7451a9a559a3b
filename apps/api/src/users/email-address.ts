import { domainToASCII } from 'node:url';
import { ValidationFailed } from '@castellan/dto';

/** Spaces, controls, and letters that nobody sees: two addresses that differ by them look the same. */
const unseen = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

/**
 * An address as it is kept and compared: one form of its letters, in lower case, its domain as name servers know it. Two that
 * are equal in this form are the same address; letters that merely look alike stay different.
 *
 * @throws ValidationFailed for one with letters that nobody sees
 */
export const normalisedEmail = (given: string): string => {
  const address = comparableEmail(given);
  if (unseen.test(given) || unseen.test(address)) throw wrong('must not have spaces or invisible characters');
  if (!/^[^@]+@[^@]+$/.test(address)) throw wrong('must be an email address');
  return address;
};

/** The form in which addresses are compared, of whatever text somebody means as one; it may be no address at all. */
export const comparableEmail = (given: string): string => {
  const text = given.normalize('NFKC').toLowerCase();
  const domainAt = text.lastIndexOf('@') + 1;
  return text.slice(0, domainAt) + (domainAt === 0 ? text : domainToASCII(text.slice(domainAt)));
};

const wrong = (message: string): ValidationFailed => new ValidationFailed([{ path: 'email_address', message }]);
