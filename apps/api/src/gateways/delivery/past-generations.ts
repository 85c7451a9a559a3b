import { Inject, Injectable } from '@nestjs/common';
import type { Types } from 'mongoose';
import {
  DOCUMENT_WORK,
  Generations,
  RevisionStore,
  type DocumentWork,
  type OrganisationId,
  type RevisionPlaceInTime,
} from '@castellan/persistence';
import type { NodeItem } from '@castellan/tyk';
import { servedLists, type OrganisationState } from './node-documents';
import { inOrder } from './node-items';

/** Revisions of which the documents are in memory at a time. */
const readAtOnce = 200;

/** Makes generations of the past again, out of revisions. */
@Injectable()
export class PastGenerations {
  constructor(
    private readonly revisions: RevisionStore,
    private readonly generations: Generations,
    @Inject(DOCUMENT_WORK) private readonly work: DocumentWork,
  ) {}

  /**
   * What nodes were served of an organisation in one of its generations, byte for byte.
   *
   * @returns null for a generation that has not come yet, and for one of which revisions are gone that it takes
   */
  async rebuild(organisation: OrganisationId, generation: number): Promise<OrganisationState | null> {
    const { generation: newest } = await this.generations.of(organisation);
    if (generation > newest) return null;
    const apis = await this.items(organisation, generation, servedLists.apis);
    const policies = await this.items(organisation, generation, servedLists.policies);
    return apis === null || policies === null ? null : { generation, apis, policies };
  }

  private async items(
    organisation: OrganisationId,
    generation: number,
    kind: string,
  ): Promise<readonly string[] | null> {
    const places: RevisionPlaceInTime[] = [];
    for await (const place of this.revisions.places(organisation, kind)) places.push(place);
    const standing = standingIn(generation, places);
    if (standing === null) return null;
    const items = new Map<string, NodeItem>();
    for (let first = 0; first < standing.length; first += readAtOnce) {
      const some = await this.revisions.documents(organisation, standing.slice(first, first + readAtOnce));
      for (const [id, document] of some) {
        const item = await this.work.served(kind, document);
        if (item !== null) items.set(id, item);
      }
    }
    return inOrder(items).map(({ text }) => text);
  }
}

/**
 * The revision of each resource that a generation has: the last one that belongs to it or to one before it. Revisions that
 * are older than the count of generations belong to all of them.
 *
 * @param places resource by resource, the oldest of each first; what was pruned of a resource were its oldest ones
 * @returns null when one is gone, so that nobody knows what the resource was
 */
export const standingIn = (
  generation: number,
  places: readonly RevisionPlaceInTime[],
): readonly Types.ObjectId[] | null => {
  const standing = new Map<string, Types.ObjectId>();
  const oldest = new Map<string, number>();
  for (const { _id, resourceId, number, generation: since = 0 } of places) {
    const resource = resourceId.toString();
    if (!oldest.has(resource)) oldest.set(resource, number);
    if (since <= generation) standing.set(resource, _id);
  }
  const isGone = [...oldest].some(([resource, number]) => number > 1 && !standing.has(resource));
  return isGone ? null : [...standing.values()];
};
