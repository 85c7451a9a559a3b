import { ValidationFailed } from '@castellan/dto';
import { choice, text, tolerated } from '../http/query/parameter';
import { RouteQuery, type Asked } from '../http/query/query';
import type { VersionLink } from './versions';

const longestName = 256;

/** What makes a new API a version of another one (`POST /api/apis` of Tyk). */
export const versionParameters = {
  base_api_id: text({ description: 'Database id or api_id of the API that gets the new one as a version' }),
  base_api_version_name: text({
    description: 'The version that the base is; needed while it has no versions',
    maxLength: longestName,
  }),
  new_version_name: text({ description: 'The version that the new API is', maxLength: longestName }),
  set_default: choice({ description: 'Callers who name no version get the new one' }),
};

export const versionQuery = new RouteQuery({
  ...versionParameters,
  accept_additional_properties: tolerated('tyk-sync'),
});

type VersionAsked = Pick<Asked<typeof versionQuery>, keyof typeof versionParameters>;

/**
 * The version that a request creates, or null when it creates an API of its own.
 *
 * @throws ValidationFailed when it names a base and no version, or a version and no base
 */
export const versionLinkOf = (query: VersionAsked): VersionLink | null => {
  const { base_api_id: baseId = '', base_api_version_name: baseName = '', new_version_name: newName = '' } = query;
  if (baseId === '') {
    if (newName === '' && baseName === '') return null;
    throw new ValidationFailed([{ path: 'base_api_id', message: 'is required with names of versions' }]);
  }
  if (newName === '') {
    const errors = [{ path: 'new_version_name', message: 'is required with base_api_id' }];
    throw new ValidationFailed(errors, 'version name header should be set with base API ID');
  }
  return { baseId, baseName, newName, setDefault: query.set_default === true };
};
