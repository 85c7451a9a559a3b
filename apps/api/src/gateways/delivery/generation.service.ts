import { AsyncResource } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { GenerationNumbers } from '@castellan/delivery';
import { Metrics } from '@castellan/observability';
import { toOrganisationId } from '@castellan/persistence';
import { OrganisationSessions } from '../../keys/organisation-sessions';
import { Coalescer } from './coalescer';
import { assembled } from './assembled';
import type { Generation } from './generation';
import { NodeDocuments, type OrganisationState } from './node-documents';

/** Organisations that are read at the same time. */
const readAtOnce = 10;

/**
 * Makes the newest generation. Every call is answered with the state of a moment after the call; a thousand
 * calls at once cost one look at the generations, and only organisations that changed are read again. When MongoDB
 * cannot be asked the call fails, and never answers with less than everything (promise 3). It fails, too, when the
 * organisation of a first API cannot get its session: nodes would remember that it has none.
 */
@Injectable()
export class GenerationService {
  private parts = new Map<string, OrganisationState>();
  private newest: Generation | null = null;
  private readonly refresh = new Coalescer(() => this.bringUpToDate());
  /** How often a generation was put together; a thousand nodes at once should raise it by one. */
  builds = 0;
  /** Lists are made for everybody, on behalf of no request. */
  private readonly everybody = new AsyncResource('GenerationService');
  private readonly counter: ReturnType<Metrics['counter']>;

  constructor(
    private readonly generations: GenerationNumbers,
    private readonly documents: NodeDocuments,
    private readonly sessions: OrganisationSessions,
    metrics: Metrics,
  ) {
    this.counter = metrics.counter('castellan_snapshot_builds_total', 'How often the lists for nodes were made', []);
  }

  current(): Promise<Generation> {
    return this.refresh.run();
  }

  private async bringUpToDate(): Promise<Generation> {
    const generations = await this.generations.all();
    const stale = [...generations].filter(([id, generation]) => this.parts.get(id)?.generation !== generation);
    if (this.newest !== null && stale.length === 0) return this.newest;
    return this.everybody.runInAsyncScope(() => this.build(stale.map(([id]) => id)));
  }

  /** Reads again what has changed. @param stale ids of organisations */
  private async build(stale: readonly string[]): Promise<Generation> {
    const parts = new Map(this.parts);
    for (let first = 0; first < stale.length; first += readAtOnce) {
      const read = stale.slice(first, first + readAtOnce).map(async (id) => {
        parts.set(id, await this.documents.of(toOrganisationId(id)));
      });
      await Promise.all(read);
    }
    await this.sessions.ensure([...parts].filter(([, { apis }]) => apis.length > 0).map(([id]) => id));
    const generation = await assembled(parts, this.newest);
    this.parts = parts;
    this.newest = generation;
    this.builds += 1;
    this.counter.inc();
    return generation;
  }
}
