import type { CastellanError } from '@castellan/dto';
import type { ResourceRow, ResourceStore } from '@castellan/persistence';
import type { ReadScope } from './read-scope';
import type { Obstacle, Wanted } from './wanted';

/** Row ids that were sent for new rows, and that rows of other organisations have: ids are unique in the installation. */
export const rowIdObstacles = async <Row extends ResourceRow>(
  store: ResourceStore<Row>,
  { organisation, session }: ReadScope,
  wanted: readonly Wanted<Row>[],
  path: string,
  refusal: () => CastellanError,
): Promise<readonly Obstacle[]> => {
  const sent = wanted.map(({ draft, current, hasSentId }) => (current === null && hasSentId ? draft._id : null));
  const ids = sent.filter((id) => id !== null);
  const taken = await store.takenElsewhere(organisation, '_id', ids, session);
  return sent.flatMap((id, index): Obstacle[] =>
    id !== null && taken.has(id.toString())
      ? [{ index, path, brief: 'is the id of something else already', error: refusal() }]
      : [],
  );
};
