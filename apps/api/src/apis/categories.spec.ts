import { categoriesOf, withCategories } from './categories';

const classic = (name: string) => ({ api_definition: { name } });
const oas = (categories: string[]) => ({
  api_definition: { name: 'Orders #eu', is_oas: true },
  oas: { openapi: '3.0.3' },
  categories,
});

describe('categories of an API', () => {
  it.each([
    ['Orders', []],
    ['Orders #eu', ['eu']],
    ['Orders #eu #public', ['eu', 'public']],
    ['Orders  #eu   #public  ', ['eu', 'public']],
    ['Orders #eu of last year', []],
    ['C# in depth', []],
    ['Orders #', []],
    ['Orders ##tag2', ['#tag2']],
    ['#eu', []],
    ['', []],
    ['Orders #eu #eu', ['eu']],
  ])('are the words behind a classic name: %j', (name, expected) => {
    expect(categoriesOf(classic(name))).toEqual(expected);
  });

  it('are also what a classic wrapper lists', () => {
    expect(categoriesOf({ ...classic('Orders #eu'), categories: ['a b', 'eu', 7, ''] })).toEqual(['a b', 'eu']);
  });

  it('are nothing but the list for an OAS API, whose name may hold anything', () => {
    expect(categoriesOf(oas(['share prices']))).toEqual(['share prices']);
  });

  it.each([
    ['words', `${'a '.repeat(500_000)}#eu`, ['eu']],
    ['spaces', `a${' '.repeat(1_000_000)}b`, []],
  ])('are found in a name of a million %s', (_, name, expected) => {
    expect(categoriesOf(classic(name))).toEqual(expected);
  });
});

describe('new categories of an API', () => {
  it('replace the words behind a classic name', () => {
    expect(withCategories(classic('Orders #eu #public'), ['us'])).toEqual(classic('Orders #us'));
    expect(withCategories(classic('Orders #eu'), [])).toEqual(classic('Orders'));
    expect(withCategories(classic('Orders'), ['a', 'b'])).toEqual(classic('Orders #a #b'));
  });

  it('replace the list of a classic wrapper that has one', () => {
    const wrapper = { ...classic('Orders #eu'), categories: ['old'] };
    expect(categoriesOf(withCategories(wrapper, ['us']))).toEqual(['us']);
  });

  it('replace the list of an OAS API and leave its name alone', () => {
    expect(withCategories(oas(['old']), ['share prices'])).toEqual(oas(['share prices']));
  });

  it('cannot hold spaces where a name has to carry them', () => {
    expect(() => withCategories(classic('Orders'), ['ok', 'share prices'])).toThrow('categories[1]: must be one word');
  });
});
