import { allKinds, type AnyKind } from '@castellan/persistence';

/** What replies and settings call the resources of a kind: as documents do, or `users` for those that stand in none. */
export const sectionOf = ({ name, documents }: Pick<AnyKind, 'name' | 'documents'>): string =>
  documents?.section ?? `${name}s`;

/** Everything that an organisation can have a quota of. */
export const quotaKinds = (): readonly { readonly section: string; readonly name: string }[] =>
  allKinds()
    .filter(({ name }) => name !== 'organisation')
    .map((kind) => ({ section: sectionOf(kind), name: kind.name }));
