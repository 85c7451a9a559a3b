import { authFields } from './auth';
import {
  all,
  any,
  arr,
  bool,
  int,
  map,
  nonEmptyStr,
  obj,
  objectId,
  requiredObj,
  str,
  type Schema,
} from '../../schema/builders';
import { version } from './extended-paths';
import { graphql } from './graphql';
import { trafficFields } from './traffic';

/**
 * JSON Schema (draft-07) of a classic API definition: the object inside `api_definition`. It holds every field that gateways from
 * 3.1 to 5.15 decode, with the type all of them accept, and lets every other field pass. Gateways decode the whole
 * list of definitions at once, so a single field of a wrong type would make every node refuse the whole list.
 */
export const definitionSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Tyk classic API definition',
  ...requiredObj(
    {
      id: objectId,
      name: nonEmptyStr,
      ...all(str, 'api_id org_id slug domain expiration application_protocol json_rpc_version'),
      ...all(bool, 'active internal is_oas domain_disabled tags_disabled config_data_disabled'),
      ...all(bool, 'session_lifetime_respects_key_expiration'),
      tags: arr(str),
      session_lifetime: int,
      config_data: map(any),
      definition: obj({
        ...all(str, 'name default location key url_versioning_pattern'),
        ...all(bool, 'enabled strip_path strip_versioning_data fallback_to_default'),
        versions: map(str),
      }),
      graphql,
      notifications: obj(all(str, 'shared_secret oauth_on_keychange_url')),
      version_data: obj({ not_versioned: bool, default_version: str, versions: map(version) }),
      ...authFields,
      ...trafficFields,
    },
    'name',
    'proxy',
  ),
};
