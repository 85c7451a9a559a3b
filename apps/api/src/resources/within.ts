import type { ApiParamOptions } from '@nestjs/swagger';

/** What a path says, by the names of its parameters. */
export type Named = Readonly<Record<string, string>>;

/** How paths name resources of a kind: by an id alone, or within another resource that they name first. */
export interface Within {
  /** What stands in the path before the id. */
  readonly params: readonly ApiParamOptions[];
  /** The id by which the service of the kind knows the resource. */
  readonly idOf: (named: Named) => string;
  /** A body with what the path says of it. */
  readonly bodyOf: (named: Named, body: unknown) => unknown;
}

/** Named by an id alone. @param name of the parameter */
export const byIdAlone = (name: string): Within => ({
  params: [],
  idOf: ({ [name]: id = '' }) => id,
  bodyOf: (_, body) => body,
});
