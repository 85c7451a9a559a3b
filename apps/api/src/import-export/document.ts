import { ValidationFailed, type FieldError } from '@castellan/dto';
import { isJsonObject, ownField, type JsonObject, type JsonValue } from '@castellan/tyk';
import { documentKinds } from '@castellan/persistence';
import { everything, isEverything, isSameSubset, subsetFrom, type Subset } from './subset';

/** Which form of the document this is; raised when an older Castellan could not read a newer document. */
const format = 1;

/** A configuration, or a subset of one, as it is exported and imported. A section that is absent says nothing of its kind. */
export interface ConfigurationDocument {
  readonly subset: Subset;
  readonly sections: Readonly<Partial<Record<string, readonly JsonObject[]>>>;
}

/** The document's first field: which form it has, and of which subset it is. */
export const headOf = ({ tags, category }: Subset): JsonObject => ({
  format,
  ...(tags.length === 0 ? {} : { tags: [...tags] }),
  ...(category === null ? {} : { category }),
});

/** What the head may have; what is mistyped would be left out in silence otherwise. */
const headFields = new Set(['format', 'tags', 'category']);

/** The sections of a document, in their order. */
export const sectionNames = (): readonly string[] => documentKinds().map(({ documents }) => documents.section);

/** Reads what an export gives. @throws ValidationFailed with each wrong field */
export const readDocument = (body: JsonValue | undefined): ConfigurationDocument => {
  if (!isJsonObject(body)) throw new ValidationFailed([{ path: 'body', message: 'must be an object, as exports are' }]);
  const names = sectionNames();
  const problems: FieldError[] = Object.keys(body)
    .filter((name) => name !== 'castellan' && !names.includes(name))
    .map((name) => ({ path: name, message: `is no section; there are ${names.join(', ')}` }));
  const subset = readHead(ownField(body, 'castellan'), problems);
  const sections = names.flatMap((name) => {
    const items = readSection(name, ownField(body, name), problems);
    return items === null ? [] : [[name, items] as const];
  });
  if (problems.length > 0) throw new ValidationFailed(problems);
  return { subset, sections: Object.fromEntries(sections) };
};

const readHead = (head: JsonValue | undefined, problems: FieldError[]): Subset => {
  if (head === undefined) return everything;
  if (!isJsonObject(head) || ownField(head, 'format') !== format) {
    problems.push({
      path: 'castellan.format',
      message: `must be ${format}; this is no document that can be read here`,
    });
    return everything;
  }
  const unknown = Object.keys(head).filter((name) => !headFields.has(name));
  for (const name of unknown) {
    problems.push({ path: `castellan.${name}`, message: `is not known here; there are ${[...headFields].join(', ')}` });
  }
  return subsetFrom(readTags(head, problems), readCategory(head, problems));
};

/**
 * What narrows a document to a part of the configuration. A narrowing that says nothing would widen the import, and with
 * `prune` delete what it was meant to spare: it is refused, and left out where everything is meant.
 */
const readTags = (head: JsonObject, problems: FieldError[]): readonly string[] => {
  const tags = ownField(head, 'tags');
  if (tags === undefined) return [];
  const isNarrowing = Array.isArray(tags) && tags.length > 0;
  if (isNarrowing && tags.every((tag) => typeof tag === 'string' && tag.trim() !== '')) {
    return tags.filter((tag) => typeof tag === 'string').map((tag) => tag.trim());
  }
  problems.push({ path: 'castellan.tags', message: 'must be a list of texts that are not empty, or left out' });
  return [];
};

const readCategory = (head: JsonObject, problems: FieldError[]): string | undefined => {
  const category = ownField(head, 'category');
  if (category === undefined) return undefined;
  if (typeof category === 'string' && category.trim() !== '') return category;
  problems.push({ path: 'castellan.category', message: 'must be a text that is not empty, or left out' });
  return undefined;
};

const readSection = (
  name: string,
  section: JsonValue | undefined,
  problems: FieldError[],
): readonly JsonObject[] | null => {
  if (section === undefined) return null;
  if (!Array.isArray(section)) {
    problems.push({ path: name, message: 'must be a list' });
    return null;
  }
  for (const [index, item] of section.entries()) {
    if (!isJsonObject(item)) problems.push({ path: `${name}[${index}]`, message: 'must be an object' });
  }
  return section.filter(isJsonObject);
};

/** The subset that an import is about: the one asked for, or the document's own. @throws ValidationFailed when they differ */
export const subsetOf = (asked: Subset, document: Subset): Subset => {
  if (isEverything(asked)) return document;
  if (isEverything(document) || isSameSubset(asked, document)) return asked;
  throw new ValidationFailed([{ path: 'castellan', message: 'is of another subset than the one that is asked for' }]);
};
