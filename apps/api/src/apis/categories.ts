import { ValidationFailed } from '@castellan/dto';
import { isJsonObject, listAt, ownField, textAt, type JsonObject, type JsonValue } from '@castellan/tyk';

/** What a classic API's name says: the name proper, and the `#word`s behind it, which are its categories. */
const readName = (name: string): { readonly head: string; readonly categories: readonly string[] } => {
  const categories: string[] = [];
  let head = name.trimEnd();
  for (;;) {
    const start = head.lastIndexOf(' ') + 1;
    const word = head.slice(start);
    if (start === 0 || word.length < 2 || !word.startsWith('#')) return { head, categories };
    categories.unshift(word.slice(1));
    head = head.slice(0, start).trimEnd();
  }
};

const isText = (value: JsonValue): value is string => typeof value === 'string' && value !== '';

/** The categories of an API: an OAS API lists them beside its definition, a classic one has them in its name too. */
export const categoriesOf = (wrapper: JsonObject): string[] => {
  const definition = ownField(wrapper, 'api_definition');
  const isOas = isJsonObject(definition) && ownField(definition, 'is_oas') === true;
  const named = isOas ? [] : readName(textAt(definition, 'name')).categories;
  return [...new Set([...listAt(wrapper, 'categories').filter(isText), ...named])];
};

/**
 * The wrapper with these categories and no others. A classic API gets them into its name, where every version of Tyk
 * and tyk-sync finds them.
 *
 * @throws ValidationFailed for a category that a classic API's name cannot carry
 */
export const withCategories = (wrapper: JsonObject, categories: readonly string[]): JsonObject => {
  const definition = ownField(wrapper, 'api_definition');
  if (!isJsonObject(definition) || ownField(definition, 'is_oas') === true) {
    return { ...wrapper, categories: [...categories] };
  }
  const problems = categories.flatMap((category, index) =>
    /^\S+$/.test(category)
      ? []
      : [{ path: `categories[${index}]`, message: 'must be one word: a classic API carries it in its name' }],
  );
  if (problems.length > 0) throw new ValidationFailed(problems);
  const words = [readName(textAt(definition, 'name')).head, ...categories.map((category) => `#${category}`)];
  const listed = Object.hasOwn(wrapper, 'categories') ? { categories: [...categories] } : {};
  const renamed = { ...definition, name: words.filter((word) => word !== '').join(' ') };
  return { ...wrapper, ...listed, api_definition: renamed };
};
