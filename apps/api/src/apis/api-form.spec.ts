import * as fc from 'fast-check';
import { canonicalJson, type JsonObject } from '@castellan/tyk';
import { apiIdentityOf, portableApi, withApiIdentity } from './api-form';

const [ours, theirs] = ['5f0000000000000000000001', '5f0000000000000000000002'];
const id = '5f0000000000000000000003';
const hookId = '5f0000000000000000000004';

const stored = (organisation: string): JsonObject => ({
  api_model: {},
  api_definition: {
    id,
    api_id: 'orders',
    org_id: organisation,
    event_handlers: {
      events: {
        QuotaExceeded: [
          { handler_name: 'eh_web_hook_handler', handler_meta: { _id: hookId, id: hookId, org_id: organisation } },
          { handler_name: 'eh_web_hook_handler', handler_meta: { target_path: 'http://by.hand/', org_id: 'acme' } },
          { handler_name: 'eh_log_handler', handler_meta: { org_id: organisation } },
        ],
      },
    },
    config_data: { org_id: organisation },
  },
  hook_references: [{ event_name: 'QuotaExceeded', hook: { id: hookId, org_id: organisation } }],
  oas: { openapi: '3.0.3', 'x-tyk-api-gateway': { info: { id: 'orders', dbId: id, orgId: organisation } } },
});

describe('the identity in an API', () => {
  it('is taken out of the organisation and put into another one', () => {
    const portable = portableApi(stored(ours), ours);
    const arrived = withApiIdentity(portable, apiIdentityOf(portable), theirs);
    const expected = stored(theirs);
    // What people wrote in places of their own is theirs, whatever it says.
    const kept = JSON.stringify(expected).replace(
      new RegExp(`("eh_log_handler","handler_meta":|"config_data":){"org_id":"${theirs}"}`, 'g'),
      `$1{"org_id":"${ours}"}`,
    );
    // An API that is not said to be one of OpenAPI keeps the rest of such a document alone.
    expect(canonicalJson(arrived)).toBe(
      canonicalJson(JSON.parse(kept.replace(`,"orgId":"${theirs}"`, '')) as JsonObject),
    );
  });

  it('of an OAS API stands in its document too', () => {
    const { api_definition: definition, ...rest } = stored(ours);
    const wrapper = { ...rest, api_definition: { ...(definition as JsonObject), is_oas: true } };
    const portable = portableApi(wrapper, ours);
    expect(JSON.stringify(portable)).not.toContain('orgId');
    const arrived = withApiIdentity(portable, apiIdentityOf(portable), theirs);
    expect(JSON.stringify(arrived['oas'])).toBe(JSON.stringify(stored(theirs)['oas']));
    expect(apiIdentityOf({ oas: stored(ours)['oas'] ?? null })).toEqual({ id, key: 'orders' });
  });

  it('goes in and out of anything without harm', () => {
    const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonObject[string]>;
    fc.assert(
      fc.property(anything, anything, anything, (definition, references, oas) => {
        const wrapper = { api_definition: definition, hook_references: references, oas };
        const portable = portableApi(wrapper, ours);
        const identity = { id, key: 'orders' };
        const arrived = withApiIdentity(portable, identity, ours);
        expect(canonicalJson(portableApi(arrived, ours))).toBe(
          canonicalJson(portableApi(withApiIdentity(wrapper, identity, ours), ours)),
        );
      }),
    );
  });
});
