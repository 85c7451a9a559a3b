import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
import { modelNames } from '../models';
import type { AuditRow, OutboxRow } from './rows';

type Entry = Pick<OutboxRow, 'sequence' | 'changes' | 'complete'>;

/** What has changed of an organisation, for caches that want to read nothing else again. */
@Injectable()
export class ChangeFeed {
  constructor(@InjectModel(modelNames.outbox) private readonly model: Model<OutboxRow>) {}

  /**
   * Everything that changed after one place in the organisation's changes, up to another one.
   *
   * @returns null when it is not known what all has changed: entries are gone, or a bulk change does not name everything
   */
  async between(organisation: OrganisationId, after: number, upTo: number): Promise<AuditRow['changes'] | null> {
    const entries = await this.model
      .find({ orgId: toObjectId(organisation), sequence: { $gt: after, $lte: upTo } })
      .select({ sequence: 1, changes: 1, complete: 1 })
      .sort({ sequence: 1 })
      .lean<Entry[]>()
      .exec();
    const isWhole = entries.every(({ sequence, complete }, index) => complete && sequence === after + 1 + index);
    return isWhole && entries.length === upTo - after ? entries.flatMap(({ changes }) => changes) : null;
  }
}
