import { ValidationFailed } from '@castellan/dto';
import type { Place } from '@castellan/persistence';
import { page } from './query/page';
import { text } from './query/parameter';

/** The parameters of every list: by page, or piece by piece without missing what others add or delete meanwhile. */
export const listParameters = {
  p: page,
  after: text({
    description: 'Go on where a reply’s X-Next-After says, instead of by page; misses and repeats nothing',
  }),
};

/** @throws ValidationFailed when both ways are asked for */
export const placeOf = ({ p, after }: { readonly p: number | null; readonly after: string | undefined }): Place => {
  if (after === undefined) return { page: p };
  if (p === 1) return { after };
  throw new ValidationFailed([{ path: 'after', message: 'cannot be asked for together with p' }]);
};

/** How many pages a list has; a list that is given whole has one. */
export const pageCount = (total: number, place: Place, pageSize: number): number =>
  'page' in place && place.page === null ? Math.min(total, 1) : Math.ceil(total / pageSize);
