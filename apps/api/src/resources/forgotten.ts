import { organisationKind, type AnyKind } from '@castellan/persistence';

/** What the modules of the application have said of the kinds. */
interface Said {
  /** Whether somebody keeps its resources. */
  readonly isKept: (kind: string) => boolean;
  /** Whether its service says how they stand in documents. */
  readonly hasForm: (kind: string) => boolean;
}

/** What is missing of kinds that are registered: each would be left out of something without a word. */
export const forgottenOf = (kinds: readonly AnyKind[], { isKept, hasForm }: Said): readonly string[] =>
  kinds.flatMap(({ name, documents, permission }) => [
    // The removal of an organisation removes its own row last.
    ...(name === organisationKind.name || isKept(name)
      ? []
      : [`Nobody keeps the kind ${name}, to count and to remove it`]),
    ...(documents === null || hasForm(name) ? [] : [`No service says how the kind ${name} stands in documents`]),
    ...(documents === null || permission !== null ? [] : [`Nobody can be given a right for the kind ${name}`]),
  ]);
