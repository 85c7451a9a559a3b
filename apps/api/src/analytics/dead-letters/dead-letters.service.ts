import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { mongo } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, NotFound, ValidationFailed } from '@castellan/dto';
import { Metrics } from '@castellan/observability';
import {
  ChangeRecorder,
  decodePosition,
  encodePosition,
  isObjectIdText,
  type ActContext,
  type Place,
} from '@castellan/persistence';
import { AnalyticsRedis } from '../purger/analytics-redis';
import { pageCount } from '../../http/paging';
import { Purger } from '../purger/purger';
import { AnalyticsCollections, type DeadLetterDocument } from '../storage/collections';
import type { DeadLetterDetailDto, DeadLetterDto, DeadLetterListDto } from './dead-letter.dto';

type Letter = mongo.WithId<DeadLetterDocument>;

/** Letters of a list that asks for all of them. */
const mostAtOnce = 1_000;
const order = '-_id';

/** Records that could not be read or stored, and were set aside with the reason. */
@Injectable()
export class DeadLettersService implements OnApplicationBootstrap {
  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly source: AnalyticsRedis,
    private readonly purger: Purger,
    private readonly changes: ChangeRecorder,
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.metrics.gauge('castellan_analytics_dead_letters', 'Analytics records that were set aside', [], async () => [
      { labels: {}, value: await this.collections.deadLetters.estimatedDocumentCount() },
    ]);
  }

  /** The newest first. @param place all of them are as many as there may be at once */
  async list(place: Place): Promise<{ readonly list: DeadLetterListDto; readonly next: string | null }> {
    const { deadLetters } = this.collections;
    const page = 'page' in place ? place.page : 1;
    const size = page === null ? mostAtOnce : this.config.pageSize;
    const [found, total] = await Promise.all([
      deadLetters
        .find('after' in place ? { _id: { $lt: idIn(place.after) } } : {}, {
          sort: { _id: -1 },
          skip: ((page ?? 1) - 1) * size,
          // One more than is shown tells whether anything comes after it.
          limit: size + 1,
        })
        .toArray(),
      deadLetters.countDocuments(),
    ]);
    const shown = found.slice(0, size);
    const last = found.length > size ? shown.at(-1) : undefined;
    return {
      list: { data: shown.map(presented), pages: pageCount(total, place, size) },
      next: last === undefined ? null : encodePosition(order, [last._id]),
    };
  }

  /** @throws NotFound */
  async get(id: string): Promise<DeadLetterDetailDto> {
    const letter = await this.letter(id);
    return Object.assign(presented(letter), { record: bytesOf(letter).toString('base64') });
  }

  /**
   * Puts it where the purger finds it. The name that it waits under is made of its id, so that one which is put back twice is
   * still stored once.
   *
   * @throws NotFound, Conflict when less was kept than came
   */
  async requeue(context: ActContext, id: string): Promise<void> {
    const letter = await this.letter(id);
    const bytes = bytesOf(letter);
    if (bytes.length < letter.size) {
      throw new Conflict('incomplete', `Only the first ${bytes.length} bytes were kept, so it cannot be put back`);
    }
    await this.source.queue.put(letter.list, letter.at, id, bytes);
    await this.collections.deadLetters.deleteOne({ _id: letter._id });
    this.purger.searchSoon();
    await this.changes.recordAct(context);
  }

  /** @throws NotFound */
  async remove(context: ActContext, id: string): Promise<void> {
    const { _id } = await this.letter(id);
    await this.collections.deadLetters.deleteOne({ _id });
    await this.changes.recordAct(context);
  }

  private async letter(id: string): Promise<Letter> {
    const letter = isObjectIdText(id)
      ? await this.collections.deadLetters.findOne({ _id: new mongo.ObjectId(id) })
      : null;
    if (letter === null) throw new NotFound('Dead letter not found');
    return letter;
  }
}

const idIn = (after: string): mongo.ObjectId => {
  const [id] = decodePosition(order, after);
  if (id instanceof mongo.ObjectId) return id;
  throw new ValidationFailed([{ path: 'after', message: 'must be what a piece of this list ended with' }]);
};

const bytesOf = ({ bytes }: Letter): Buffer => Buffer.from(bytes.buffer);

const presented = (letter: Letter): DeadLetterDto => ({
  id: letter._id.toString(),
  list: letter.list,
  reason: letter.reason,
  size: letter.size,
  truncated: bytesOf(letter).length < letter.size,
  at: letter.at.toISOString(),
});
