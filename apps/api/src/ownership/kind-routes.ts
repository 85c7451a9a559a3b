import { SetMetadata, type Type } from '@nestjs/common';

const KIND = 'castellan:kind';

/** Says of a controller that its `:id` names a resource of a kind; controllers that extend it inherit that. */
export const RoutesOf = (kind: string): ClassDecorator => SetMetadata(KIND, kind);

/** The kind that the routes of a controller are about; null where none is said. */
export const kindOf = (controller: Type): string | null => {
  const kind: unknown = Reflect.getMetadata(KIND, controller);
  return typeof kind === 'string' ? kind : null;
};
