import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock, LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import {
  KeyEventQueue,
  newObjectId,
  toObjectId,
  type KeyEventRow,
  type KeyRow,
  type OrganisationRow,
  type UnitOfWork,
} from '@castellan/persistence';
import { objectAt, parseJson, textAt } from '@castellan/tyk';
import { indexEntry } from './key-reply';

/** What an event is made of. */
interface ChangedKey {
  readonly row: KeyRow;
  readonly was: object | null;
  readonly is: object | null;
}

const lookMs = 1_000;
const leaseMs = 60_000;
/** Events that are sent at the same time. */
const atOnce = 20;
const patienceMs = 5_000;
/** Then some hours have passed. */
const mostAttempts = 12;
const longestPauseMs = 1_800_000;

/**
 * Tells organisations of changes of their keys, at the address in their `event_options`: the body is
 * `{"event":"hashed_key_event.created","data":{…}}` with what the index knows of the key, and never a token. An event is sent
 * again until it is answered with 2xx, some hours long, so it may come twice, and not in order; `data.version` says which
 * is the newer.
 */
@Injectable()
export class KeyEvents implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: Recurring;
  private readonly sent: ReturnType<Metrics['counter']>;

  constructor(
    private readonly queue: KeyEventQueue,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.loop = new Recurring('key events', lookMs, () => this.sendAllDue(), logger);
    this.sent = metrics.counter(
      'castellan_key_events_total',
      'Events of keys that were sent, have to be sent again, or were given up',
      ['outcome'],
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** Notes what has to be told of changes, in the transaction that makes them. */
  async note(unit: UnitOfWork, changes: readonly ChangedKey[]): Promise<void> {
    const organisation = await unit.rules();
    const rows = changes.flatMap(({ row, was, is }): KeyEventRow[] => {
      const kind = row.sealed === '' ? 'hashed_key_event' : 'key_event';
      const url = addressIn(organisation, kind);
      if (url === null) return [];
      const act = was === null ? 'created' : is === null ? 'deleted' : 'updated';
      const { key_id, data } = indexEntry(row);
      const body = JSON.stringify({ event: `${kind}.${act}`, data: { key_hash: key_id, ...data } });
      return [{ _id: newObjectId(), orgId: toObjectId(unit.organisation), url, body, due: unit.at, attempts: 0 }];
    });
    await this.queue.add(rows, unit.session);
  }

  /** There may be something to send. */
  soon(): void {
    this.loop.soon();
  }

  private async sendAllDue(): Promise<void> {
    for (;;) {
      const now = this.clock.now();
      const rows = await this.queue.takeDue(now, new Date(now.getTime() + leaseMs), atOnce);
      await Promise.all(rows.map((row) => this.send(row)));
      if (rows.length < atOnce) return;
    }
  }

  private async send({ _id, url, body, attempts }: KeyEventRow): Promise<void> {
    const failure = await post(url, body, _id.toString());
    if (failure !== null && attempts + 1 < mostAttempts) {
      this.sent.inc({ outcome: 'repeated' });
      const pauseMs = Math.min(longestPauseMs, lookMs * 2 ** attempts);
      await this.queue.retry(_id, new Date(this.clock.millis() + pauseMs));
      return;
    }
    this.sent.inc({ outcome: failure === null ? 'sent' : 'given_up' });
    if (failure !== null) this.logger.warn({ event: _id, failure }, 'Nobody took an event of a key; it is given up');
    await this.queue.remove(_id);
  }
}

/** @returns why it was not taken, or null */
async function post(url: string, body: string, id: string): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-event-id': id },
      body,
      // The operator has said where; nobody else may send it elsewhere.
      redirect: 'manual',
      signal: AbortSignal.timeout(patienceMs),
    });
    await response.body?.cancel();
    return response.ok ? null : `status ${response.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

/** Where an organisation wants to be told of its keys; null when it does not, or names no address that can be called. */
function addressIn({ document }: OrganisationRow, kind: string): string | null {
  const options = objectAt(parseJson(document), 'event_options');
  const address = textAt(options, kind, 'webhook') || textAt(options, 'key_event', 'webhook');
  return /^https?:\/\//.test(address) && URL.canParse(address) ? address : null;
}
