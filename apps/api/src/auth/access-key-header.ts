import type { FastifyRequest } from 'fastify';

/**
 * The key itself; the current tools send it with `Bearer` before it, the older ones raw
 * (docs/tyk/management.md#authentication).
 */
const bearer = /^bearer\s+/i;

/** The access key that a request shows; empty for none, and for several. */
export const keyOf = (request: Pick<FastifyRequest, 'raw'>): string => {
  const given = headersNamed(request, 'authorization');
  return given.length === 1 ? (given[0] ?? '').replace(bearer, '').trim() : '';
};

/** The values of a header as they came: the server keeps only one of some. */
export const headersNamed = ({ raw }: Pick<FastifyRequest, 'raw'>, wanted: string): readonly string[] =>
  raw.rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() === wanted ? [raw.rawHeaders[index + 1] ?? ''] : [],
  );
