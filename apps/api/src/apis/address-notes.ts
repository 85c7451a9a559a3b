import type { FieldError } from '@castellan/dto';
import type { ApiRow } from '@castellan/persistence';
import { lookedUpAddresses } from '@castellan/tyk';
import { definitionOf, storedWrapper } from './wrapper';

/**
 * What the caller should know of where an API listens: gateways look some addresses up in their secret stores, and nobody here can say
 * whether what they find is in another API's way (docs/tyk/definitions.md#values-that-gateways-look-up).
 */
export const addressNotes = (row: ApiRow): readonly FieldError[] =>
  lookedUpAddresses(definitionOf(storedWrapper(row))).map(({ field, message }) => ({
    path: `api_definition.${field}`,
    message,
  }));
