import { CastellanError, ValidationFailed } from '@castellan/dto';
import type { ApiRow } from '@castellan/persistence';
import { flagAt, type JsonObject } from '@castellan/tyk';
import { isOasWrapper } from './wrapper';

/** The two ways in which an API can be written down, each with routes of its own. */
export type ApiKind = 'classic' | 'oas';

/** What gateways say of the wrong kind (gateway, `apidef`, 5.15). */
const refusals = {
  classic: 'this API endpoint only supports Tyk Classic APIs; please use the appropriate Tyk OAS API endpoint',
  oas: 'the supplied API definition is in OAS format, please use the Tyk classic format for this API',
} as const;

/** @throws CastellanError (400) when the API is of the other kind */
export const refuseOtherKind = ({ isOas }: Pick<ApiRow, 'isOas'>, wanted: ApiKind): void => {
  if (isOas !== (wanted === 'oas')) throw new CastellanError(400, 'validation_failed', refusals[wanted]);
};

/** For changes of classic APIs. @throws CastellanError (400) when the API is of the other kind */
export const demandClassic = (row: Pick<ApiRow, 'isOas'> | null): void => {
  if (row !== null) refuseOtherKind(row, 'classic');
};

/** Refuses a wrapper of an OAS API where a classic one is meant. @throws ValidationFailed */
export const refuseOasWrapper = (wrapper: JsonObject): void => {
  if (!isOasWrapper(wrapper) && !flagAt(wrapper, 'api_definition', 'is_oas')) return;
  const errors = [{ path: 'oas', message: 'belongs to /api/apis/oas, where the document is the whole body' }];
  throw new ValidationFailed(errors, refusals.classic);
};
