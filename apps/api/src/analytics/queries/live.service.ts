import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Busy, CastellanError } from '@castellan/dto';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import type { OrganisationId } from '@castellan/persistence';
import { AnalyticsCollections } from '../storage/collections';
import { inTime } from '../storage/in-time';
import { LiveStream } from './live-stream';
import { longestReadMs } from './reading-limits';
import type { Scope } from './rights';

/** Streams that a replica keeps open, and those of one organisation among them. */
const mostStreams = 200;
const mostOfOrganisation = 20;
const everyMs = 1_000;
const minuteMs = 60_000;

interface Stream {
  readonly organisation: OrganisationId;
  readonly stop: () => void;
}

interface Minute {
  readonly end: number;
  readonly seconds: Promise<readonly object[]>;
}

/** The last minute, second by second, sent again each second. */
@Injectable()
export class LiveService implements BeforeApplicationShutdown {
  private readonly streams = new Set<Stream>();
  /** What was asked last for those who see the same. */
  private readonly minutes = new Map<string, Minute>();

  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  beforeApplicationShutdown(): void {
    for (const { stop } of this.streams) stop();
  }

  /**
   * Each event holds the whole minute, so that whoever connects again has missed nothing.
   *
   * @param scopeNow what the reader may see at this moment; when that is refused the stream ends, with an event `ended`
   * @throws Busy while as many are open as may be
   */
  open(organisation: OrganisationId, scopeNow: () => Promise<Scope>, reply: FastifyReply): void {
    const own = [...this.streams].filter((stream) => stream.organisation === organisation).length;
    if (this.streams.size >= mostStreams || own >= mostOfOrganisation) {
      throw new Busy('As many live streams are open as may be; close one');
    }
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    };
    // Who asks for the head alone gets no stream, and would keep one open that never ends.
    if (reply.request.method === 'HEAD') {
      void reply.headers(headers).send();
      return;
    }
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { ...headers, 'x-request-id': reply.request.id });
    const live = new LiveStream(raw);
    const send = async (): Promise<void> => {
      try {
        await live.send(async (skipped) => {
          const event = { seconds: await this.lastMinute(organisation, await scopeNow()), skipped };
          return `event: minute\ndata: ${JSON.stringify(event)}\n\n`;
        });
      } catch (error) {
        if (error instanceof CastellanError && error.status < 500) {
          raw.end(`event: ended\ndata: ${JSON.stringify({ code: error.code })}\n\n`);
          return;
        }
        this.logger.warn({ err: error }, 'A live stream could not be fed');
        raw.write('event: unavailable\ndata: {}\n\n');
      }
    };
    const timer = setInterval(() => void send(), everyMs);
    const stream = { organisation, stop: () => raw.end() };
    this.streams.add(stream);
    raw.on('close', () => {
      clearInterval(timer);
      this.streams.delete(stream);
    });
    void send();
  }

  /** Counted once a second for all who see the same. */
  private lastMinute(organisation: OrganisationId, scope: Scope): Promise<readonly object[]> {
    const end = Math.floor(this.clock.millis() / 1_000) * 1_000;
    const name = JSON.stringify([organisation, scope]);
    const known = this.minutes.get(name);
    if (known?.end === end) return known.seconds;
    for (const [one, minute] of this.minutes) if (minute.end !== end) this.minutes.delete(one);
    const seconds = this.secondsBefore(end, organisation, scope);
    this.minutes.set(name, { end, seconds });
    seconds.catch(() => this.minutes.delete(name));
    return seconds;
  }

  private async secondsBefore(end: number, organisation: OrganisationId, scope: Scope): Promise<readonly object[]> {
    const from = new Date(end - minuteMs);
    // The last place is the one that they go into now.
    const place = (await this.collections.recordsToRead(organisation)).at(-1);
    const found = await (place?.collection ?? this.collections.records(organisation))
      .aggregate<{ _id: Date; hits: number; errors: number }>(
        [
          {
            $match: {
              // The time comes first: a database that follows one condition alone follows that one.
              timestamp: inTime(from, new Date(end)),
              orgid: organisation,
              ...(scope === null ? {} : { apiid: { $in: [...scope] } }),
            },
          },
          {
            $group: {
              _id: {
                $toDate: { $subtract: [{ $toLong: '$timestamp' }, { $mod: [{ $toLong: '$timestamp' }, 1_000] }] },
              },
              hits: { $sum: 1 },
              errors: { $sum: { $cond: [{ $gte: ['$responsecode', 400] }, 1, 0] } },
            },
          },
        ],
        { maxTimeMS: longestReadMs },
      )
      .toArray();
    const bySecond = new Map(found.map(({ _id, hits, errors }) => [_id.getTime(), { hits, errors }]));
    return Array.from({ length: 60 }, (_, second) => {
      const at = from.getTime() + second * 1_000;
      return { at: new Date(at).toISOString(), ...(bySecond.get(at) ?? { hits: 0, errors: 0 }) };
    });
  }
}
