/** A kind, as far as its place among others goes. */
export interface Placed {
  readonly name: string;
  readonly refersTo: readonly string[];
  readonly embeds: readonly string[];
}

/** What is referred to comes before what refers to it, so that it can be looked up. */
export const draftOrder = <K extends Placed>(kinds: readonly K[]): K[] =>
  sorted(kinds, (kind, other) => kind.refersTo.includes(other.name));

/**
 * As in {@link draftOrder}, but what holds copies of others comes before those: its drafts hold the copies already, and a
 * change of the original then finds them up to date.
 */
export const writeOrder = <K extends Placed>(kinds: readonly K[]): K[] =>
  sorted(kinds, (kind, other) =>
    kind.embeds.includes(other.name) ? false : kind.refersTo.includes(other.name) || other.embeds.includes(kind.name),
  );

/** What refers to others goes before them. */
export const deleteOrder = <K extends Placed>(kinds: readonly K[]): K[] => draftOrder(kinds).reverse();

/** Kinds that need not wait for each other stay in the order in which they are given. */
const sorted = <K extends Placed>(kinds: readonly K[], waitsFor: (kind: K, other: K) => boolean): K[] => {
  const left = [...kinds];
  const done: K[] = [];
  while (left.length > 0) {
    const next = left.findIndex((kind) => !left.some((other) => other !== kind && waitsFor(kind, other)));
    if (next < 0)
      throw new TypeError(`Kinds refer to each other in a circle: ${left.map(({ name }) => name).join(', ')}`);
    done.push(...left.splice(next, 1));
  }
  return done;
};
