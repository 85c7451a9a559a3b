import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, PipelineStage, Types } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
import type { AnyKind } from '../kinds/kind';
import { modelNames } from '../models';
import type { ResourceRow } from '../resources/resource-row';
import { reachedOf, type Reached } from './generations';
import type { GenerationRow, OutboxRow } from './rows';

/** What became of resources of one kind. */
interface Changed<Row> {
  /** Hex ids of those that have changed, each once. */
  readonly ids: readonly string[];
  /** Those of them that still exist, as they are now. */
  readonly rows: readonly Row[];
}

/** How far an organisation has come since, and what of one kind has changed on the way. */
export interface Since<Row> {
  readonly reached: Reached;
  /** Null when it is not known what all has changed: entries are gone or too many, or a bulk change does not name everything. */
  readonly changed: Changed<Row> | null;
}

/** An entry of the feed, with what its changes have left. */
interface Entry<Row> {
  readonly sequence: number;
  readonly complete: boolean;
  readonly ids: readonly Types.ObjectId[];
  readonly rows: readonly Row[];
}

/** Who has missed more than so many changes reads everything again. */
const mostEntries = 1_000;

/** What has changed of an organisation, for caches that want to read nothing else again. */
@Injectable()
export class ChangeFeed {
  constructor(
    @InjectModel(modelNames.generation) private readonly generations: Model<GenerationRow>,
    @InjectModel(modelNames.outbox) private readonly outbox: Model<OutboxRow>,
  ) {}

  /**
   * Everything of a kind that changed after one place in the organisation's changes, in one command. The rows are at least as
   * new as the place that was reached: what commits meanwhile makes them newer, and is found again by whoever asks next.
   *
   * @param without fields that are left out of the rows
   */
  async since<Row extends Pick<ResourceRow, '_id'>>(
    organisation: OrganisationId,
    after: number,
    { name, collection }: Pick<AnyKind, 'name' | 'collection'>,
    without: readonly string[],
  ): Promise<Since<Row>> {
    const orgId = toObjectId(organisation);
    const ofKind = { $filter: { input: '$changes', as: 'change', cond: { $eq: ['$$change.kind', name] } } };
    const ids = { $map: { input: ofKind, as: 'change', in: { $toObjectId: '$$change.id' } } };
    const entries: Exclude<PipelineStage, PipelineStage.Merge | PipelineStage.Out>[] = [
      { $match: { orgId, sequence: { $gt: after } } },
      { $sort: { sequence: 1 } },
      { $limit: mostEntries },
      { $project: { sequence: 1, complete: 1, ids } },
      {
        $lookup: {
          from: collection,
          localField: 'ids',
          foreignField: '_id',
          pipeline: [{ $match: { orgId } }, { $project: Object.fromEntries(without.map((field) => [field, 0])) }],
          as: 'rows',
        },
      },
    ];
    const found = await this.generations
      .aggregate<GenerationRow | Entry<Row>>([
        { $match: { _id: orgId } },
        { $unionWith: { coll: this.outbox.collection.collectionName, pipeline: entries } },
      ])
      .exec();
    const reached = reachedOf(found.find((one) => 'generation' in one) ?? null);
    const passed = found.filter((one) => 'complete' in one).filter(({ sequence }) => sequence <= reached.sequence);
    return { reached, changed: changedIn(passed, after, reached.sequence) };
  }
}

const changedIn = <Row extends Pick<ResourceRow, '_id'>>(
  entries: readonly Entry<Row>[],
  after: number,
  upTo: number,
): Changed<Row> | null => {
  const isWhole = entries.every(({ sequence, complete }, index) => complete && sequence === after + 1 + index);
  if (!isWhole || entries.length !== upTo - after) return null;
  // What has changed twice was read twice; the later of the two is the newer one.
  const rows = new Map(entries.flatMap((entry) => entry.rows.map((row) => [row._id.toString(), row] as const)));
  const ids = new Set(entries.flatMap((entry) => entry.ids.map(String)));
  return { ids: [...ids], rows: [...rows.values()] };
};
