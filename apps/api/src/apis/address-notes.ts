import type { FieldError } from '@castellan/dto';
import type { ApiRow } from '@castellan/persistence';
import { lookedUpAddresses } from '@castellan/tyk';
import { definitionOf, storedWrapper } from './wrapper';

/**
 * What the caller should know of where an API listens: gateways look some addresses up in their secret stores, and nobody here can say
 * whether what they find is in another API's way (docs/tyk/definitions.md#values-that-gateways-look-up).
 *
 * @param fields where the caller knows the fields of the classic definition from; others stand in `api_definition`
 */
export const addressNotes = (row: ApiRow, fields: Readonly<Record<string, string>> = {}): readonly FieldError[] =>
  lookedUpAddresses(definitionOf(storedWrapper(row))).map((field) => ({
    path: fields[field] ?? `api_definition.${field}`,
    message: 'is looked up by gateways, so conflicts with other APIs cannot be seen here',
  }));
