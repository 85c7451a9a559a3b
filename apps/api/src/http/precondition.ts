import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { PreconditionRequired, VersionMismatch } from '@castellan/dto';

/** `"7"`, `W/"7"` and, behind a compressing proxy, `"7-gzip"` name version 7. */
const entityTag = /^(?:W\/)?"(\d+)(?:-[a-z]+|;[a-z]+)?"$/i;

/** What the caller demands of the version it is about to overwrite. */
export class Precondition {
  private constructor(private readonly versions: readonly number[] | 'any' | null) {}

  static readonly none = new Precondition(null);

  /** Reads `If-Match`: a list of entity tags, or `*`. A tag that is none of ours matches no version. */
  static fromHeader(header: string | undefined): Precondition {
    if (header === undefined) return Precondition.none;
    if (header.trim() === '*') return new Precondition('any');
    const tags = header.split(',').map((tag) => entityTag.exec(tag.trim()));
    return new Precondition(tags.flatMap((match) => (match?.[1] === undefined ? [] : [Number(match[1])])));
  }

  /**
   * @param demanded whether the organisation insists on a precondition
   * @throws VersionMismatch (412), or 428 where one is demanded and none was sent
   */
  check(current: number, demanded = false): void {
    if (this.versions === null) {
      if (!demanded) return;
      throw new PreconditionRequired();
    }
    if (this.versions === 'any') return;
    if (!this.versions.includes(current)) throw VersionMismatch.since(current);
  }
}

/** The `If-Match` of the request. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext) =>
  Precondition.fromHeader(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);

/** Entity tag of a version. */
export const etagOf = (version: number): string => `"${version}"`;

/** Whether `If-None-Match` says that the caller has this version already. */
export const isFresh = (header: string | undefined, version: number): boolean => {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header
    .split(',')
    .map((tag) => entityTag.exec(tag.trim()))
    .some((match) => match?.[1] === String(version));
};
