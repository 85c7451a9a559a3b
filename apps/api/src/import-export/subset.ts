import type { FieldError } from '@castellan/dto';
import { documentKinds } from '@castellan/persistence';
import type { Outline } from '../resources/document-form';

/** A part of a configuration: what has every one of the tags, and the category. Without either it is everything. */
export interface Subset {
  readonly tags: readonly string[];
  readonly category: string | null;
}

export const everything: Subset = { tags: [], category: null };

export const isEverything = ({ tags, category }: Subset): boolean => tags.length === 0 && category === null;

/** The subset that these narrow a configuration to. */
export const subsetFrom = (tags: readonly string[], category: string | undefined): Subset => ({
  tags: [...new Set(tags)].sort(),
  category: category ?? null,
});

export const isSameSubset = (one: Subset, other: Subset): boolean =>
  one.category === other.category && one.tags.join() === other.tags.join();

/** Whether a resource belongs to the subset. Kinds without tags or categories belong to no subset that asks for them. */
export const isWithin = ({ tags, category }: Subset, outline: Pick<Outline, 'tags' | 'categories'>): boolean =>
  tags.every((tag) => outline.tags?.includes(tag) === true) &&
  (category === null || outline.categories?.includes(category) === true);

/** The sections of a document of the subset: kinds that can be in it at all. */
export const sectionsOf = ({ tags, category }: Subset): readonly string[] =>
  documentKinds()
    .map(({ documents }) => documents)
    .filter(({ subsets }) => (tags.length === 0 || subsets.tags) && (category === null || subsets.category))
    .map(({ section }) => section);

/** What keeps a resource out of the subset, for its author. */
export const outsideOf = (
  subset: Subset,
  outline: Pick<Outline, 'tags' | 'categories'>,
): Omit<FieldError, 'path'> | null => {
  if (isWithin(subset, outline)) return null;
  const { tags, category } = subset;
  const wanted = [...tags.map((tag) => `tag "${tag}"`), ...(category === null ? [] : [`category "${category}"`])];
  return { message: `is outside the subset that is imported: it lacks ${wanted.join(' or ')}` };
};
