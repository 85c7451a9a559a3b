import { noOrganisation, toObjectId, type OrganisationId } from './ids';

/**
 * All organisations at once. Only what says that it is a super user's gets one, so that nobody else's query can be of more
 * than one organisation (promise 6).
 */
export class EveryOrganisation {
  private static readonly one = new EveryOrganisation();
  readonly #isEvery = true;

  private constructor() {
    // Nobody makes a second one.
  }

  static for(_user: { readonly isSuper: true }): EveryOrganisation {
    return EveryOrganisation.one;
  }

  static is(span: Span): span is EveryOrganisation {
    return typeof span !== 'string' && span.#isEvery;
  }
}

/** What a list is of: one organisation or, for a super user who names none, all of them. */
export type Span = OrganisationId | EveryOrganisation;

/** The filter for rows of a span. @param andOfNone whether all of them includes rows that are of no organisation */
export const rowsOf = (span: Span, andOfNone: boolean): Readonly<Record<string, unknown>> => {
  if (!EveryOrganisation.is(span)) return { orgId: toObjectId(span) };
  return andOfNone ? {} : { orgId: { $ne: toObjectId(noOrganisation) } };
};
