import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS, toTransportMessage, transportEvents } from '@castellan/delivery';
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
import { flagAt, objectAt, parseJson, textAt } from '@castellan/tyk';
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
 * `{"event":"hashed_key_event.created","data":{…}}` with what the index knows of the key, and never a token; with `redis`, the same is
 * published as the transport event `key.changed`. An event is sent
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
    @Inject(REDIS) private readonly redis: Redis,
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
    const addressesOf = {
      hashed_key_event: addressesIn(organisation, 'hashed_key_event'),
      key_event: addressesIn(organisation, 'key_event'),
    };
    const rows = changes.flatMap(({ row, was, is }): KeyEventRow[] => {
      const kind = row.sealed === '' ? 'hashed_key_event' : 'key_event';
      const addresses = addressesOf[kind];
      if (addresses.length === 0) return [];
      const act = was === null ? 'created' : is === null ? 'deleted' : 'updated';
      const { key_id, data } = indexEntry(row);
      const body = JSON.stringify({ event: `${kind}.${act}`, data: { key_hash: key_id, ...data } });
      const common = { orgId: toObjectId(unit.organisation), body, due: unit.at, attempts: 0 };
      return addresses.map((url) => ({ _id: newObjectId(), url, ...common }));
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

  private async send({ _id, orgId, url, body, attempts }: KeyEventRow): Promise<void> {
    const failure =
      url === ON_REDIS ? await this.publish(orgId.toString(), body) : await post(url, body, _id.toString());
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

  /** @returns why it was not sent, or null; whether anybody listens is not known */
  private async publish(organisation: string, body: string): Promise<string | null> {
    const pattern = transportEvents.keyChanged;
    try {
      const told = parseJson(body);
      const event = { organisation, event: textAt(told, 'event'), data: objectAt(told, 'data') };
      await this.redis.publish(pattern, toTransportMessage(pattern, event));
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }
}

/** What stands in the place of an address for those who listen on Redis. */
const ON_REDIS = 'redis:';

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
    return reasonOf(error);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');

/** Where an organisation wants to be told of its keys. An address that cannot be called is left out. */
function addressesIn({ document }: OrganisationRow, kind: string): string[] {
  const options = objectAt(parseJson(document), 'event_options');
  const address = textAt(options, kind, 'webhook') || textAt(options, 'key_event', 'webhook');
  const isOnRedis = flagAt(options, kind, 'redis') || flagAt(options, 'key_event', 'redis');
  const isCallable = /^https?:\/\//.test(address) && URL.canParse(address);
  return [...(isCallable ? [address] : []), ...(isOnRedis ? [ON_REDIS] : [])];
}
