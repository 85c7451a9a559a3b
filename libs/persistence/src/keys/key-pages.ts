import { Types, type Model } from 'mongoose';
import { ValidationFailed } from '@castellan/dto';
import type { OrganisationId } from '../ids';
import { endOf, positionIn, type Page, type Place } from '../paging';
import { sumOf, type KeyBlockRow, type KeyBlocks } from './key-blocks';
import { queryOf } from './key-filter';
import type { KeyRow } from './key-row';

/** The order of lists of keys. */
export const newestFirst = { block: -1, _id: -1 } as const;

/**
 * Blocks of which keys are read at a time. They are named one by one: of an index that goes on behind what is between two bounds, the
 * embedded server leaves out what is at the bounds.
 */
const MOST_BLOCKS = 100;

/** A page of everything: which blocks it lies in, and how many keys there are, is known without looking at the others. */
export async function pageOfAll(
  { model, blocks: counted }: { readonly model: Model<KeyRow>; readonly blocks: KeyBlocks },
  organisation: OrganisationId,
  { place, pageSize }: { readonly place: Place; readonly pageSize: number },
): Promise<Page<KeyRow>> {
  const query = queryOf(organisation, {});
  if ('page' in place && place.page === null) {
    const rows = await model.find(query).sort(newestFirst).lean<KeyRow[]>().exec();
    return { rows, total: rows.length, next: null };
  }
  const blocks = await counted.of(organisation);
  // One more than is shown tells whether anything comes after it.
  const wanted = pageSize + 1;
  const rows: KeyRow[] = [];
  let rest = blocks;
  let skip = 0;
  if ('after' in place) {
    const { block, id } = placeIn(place.after);
    const begun = model.find({ ...query, block, _id: { $lt: id } }).sort(newestFirst);
    rows.push(...(await begun.limit(wanted).lean<KeyRow[]>().exec()));
    rest = blocks.filter((one) => one.block < block);
  } else skip = ((place.page ?? 1) - 1) * pageSize;
  while (rows.length < wanted && rest.length > 0) {
    const before = countWithin(rest, skip);
    skip -= sumOf(rest.slice(0, before));
    rest = rest.slice(before);
    // Blocks are counted a moment before their keys are read, so what they hold may be less by now.
    const held = Math.min(countWithin(rest, skip + wanted - rows.length - 1) + 1, MOST_BLOCKS);
    const block = { $in: rest.slice(0, held).map((one) => one.block) };
    const found = model.find({ ...query, block }).sort(newestFirst);
    rows.push(
      ...(await found
        .skip(skip)
        .limit(wanted - rows.length)
        .lean<KeyRow[]>()
        .exec()),
    );
    rest = rest.slice(held);
    skip = 0;
  }
  return { ...endOf(rows, newestFirst, pageSize), total: sumOf(blocks) };
}

/** @throws ValidationFailed for a position of another list */
function placeIn(after: string): { readonly block: number; readonly id: Types.ObjectId } {
  const [block, id] = positionIn(newestFirst, after);
  if (typeof block === 'number' && id instanceof Types.ObjectId) return { block, id };
  throw new ValidationFailed([{ path: 'after', message: 'must be what a piece of this list ended with' }]);
}

/** How many of the first blocks have no more than so many keys together. */
function countWithin(blocks: readonly KeyBlockRow[], most: number): number {
  let sum = 0;
  const at = blocks.findIndex(({ there }) => (sum += there) > most);
  return at < 0 ? blocks.length : at;
}
