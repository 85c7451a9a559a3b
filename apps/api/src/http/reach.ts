import { SetMetadata } from '@nestjs/common';

/** How far a route goes for a super user who does not say which organisation it is about. */
export interface Reach {
  /** A list, or figures, of all of them at once. */
  readonly everywhere: boolean;
  /** It makes or takes resources that are of no organisation yet. */
  readonly ofNone: boolean;
}

export const REACH = Symbol('REACH');

export const Reaching = (reach: Reach): MethodDecorator => SetMetadata(REACH, reach);
