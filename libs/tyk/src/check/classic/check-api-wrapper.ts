import { all, arr, bool, int, obj, str, type Schema } from '../../schema/builders';
import { makeCheck, type Check } from '../../schema/check';

export const apiWrapperSchema: Schema = {
  type: 'object',
  properties: {
    api_model: obj({}),
    is_site: bool,
    sort_by: int,
    ...all(arr(str), 'user_owners user_group_owners categories'),
    oas: obj({}),
  },
};

/**
 * Whether what stands around an API definition (docs/tyk/management.md#apis) has the types that clients decode. A Go
 * program reads a whole list at once, so one wrong type would keep it from reading any of an organisation's APIs. The
 * definition, the OAS document and the references to web hooks are checked on their own.
 */
export const checkApiWrapper: Check = makeCheck(apiWrapperSchema);
