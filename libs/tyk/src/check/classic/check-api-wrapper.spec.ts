import { checkApiWrapper } from './check-api-wrapper';
import type { JsonValue } from '../../json/json-text';
import { fixtures } from '../../../../../test/fixtures/load';

describe('checkApiWrapper', () => {
  it('lets real wrappers pass, and what it does not know', () => {
    for (const { document: wrapper } of fixtures('definitions')) expect(checkApiWrapper(wrapper)).toEqual([]);
    expect(checkApiWrapper({ api_definition: 7, hook_references: null, note: [1], oas: null })).toEqual([]);
  });

  it.each<[string, JsonValue, string]>([
    ['api_model', 5, 'must be an object, got a number'],
    ['is_site', 'x', 'must be a boolean, got a string'],
    ['sort_by', 1.5, 'must be an integer of 64 bits, got a number with a fraction'],
    ['user_owners', 'x', 'must be an array, got a string'],
    ['user_group_owners', {}, 'must be an array, got an object'],
    ['oas', [], 'must be an object, got an array'],
  ])('refuses %s as %j', (path, value, message) => {
    expect(checkApiWrapper({ [path]: value })).toEqual([{ path, message }]);
  });

  it('refuses lists of other things than texts', () => {
    expect(checkApiWrapper({ categories: ['a', 1] })).toEqual([
      { path: 'categories[1]', message: 'must be a string, got a number' },
    ]);
  });
});
