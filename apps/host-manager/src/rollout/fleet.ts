import { Injectable } from '@nestjs/common';
import { Clock } from '@castellan/observability';
import { type NodeRecord, NodeRecords } from '@castellan/delivery';
import type { Target } from '../inventory/inventory';
import { Fingerprints } from '../reconcile/fingerprints';

/** A node whose heartbeat stopped for longer than this says nothing of the gateway that it was, in milliseconds. */
const silentAfterMs = 15_000;

/** What is known of one gateway, compared with what it should run. */
export interface Sight {
  readonly target: Target;
  /**
   * `loaded`: it has fetched what it should run. `behind`: it has not, or one of several that it may be has not.
   * `unknown`: no registered node is at its place.
   */
  readonly state: 'loaded' | 'behind' | 'unknown';
  /** The registered node that it is; null where it may be one of several, or none. */
  readonly node: string | null;
  /** The nodes that it may be. */
  readonly candidates: readonly NodeRecord[];
  /** The generation that it should run: what its node is assigned; the newest where it is not known which node it is. */
  readonly generation: string;
}

/**
 * Finds gateways among the registered nodes. A gateway does not say on its control API which node it is, so it is known
 * by host or address, or by having been seen to fetch when it was told to.
 */
@Injectable()
export class Fleet {
  /** Control URL to node id. */
  private readonly identified = new Map<string, string>();
  private targets: readonly Target[] = [];

  constructor(
    private readonly records: NodeRecords,
    private readonly fingerprints: Fingerprints,
    private readonly clock: Clock,
  ) {}

  /**
   * @param targets every gateway that there is to look after
   * @throws when MongoDB or Redis is out of reach
   */
  async view(targets: readonly Target[]): Promise<readonly Sight[]> {
    this.targets = targets;
    const [newest, records] = await Promise.all([this.fingerprints.current(), this.live()]);
    const byId = new Map(records.map((record) => [record.id, record]));
    for (const [url, id] of this.identified) if (!byId.has(id)) this.identified.delete(url);

    const claimed = new Set(this.identified.values());
    const open = records.filter(({ id }) => !claimed.has(id));
    const places = targets.map((target) => {
      const known = byId.get(this.identified.get(target.url) ?? '');
      const candidates = known === undefined ? open.filter((record) => isAt(target, record)) : [known];
      return { target, candidates, known: known !== undefined };
    });
    return places.map(({ target, candidates, known }) => {
      const rivals = known
        ? 1
        : places.filter((place) => !place.known && sameNodes(place.candidates, candidates)).length;
      return this.sightOf(target, candidates, rivals, newest);
    });
  }

  /** The same gateway as it is now. */
  async again(sight: Sight): Promise<Sight> {
    const sights = await this.view(this.targets);
    return sights.find(({ target }) => target.url === sight.target.url) ?? sight;
  }

  /** Takes a gateway for the one node, among those it may be, that has fetched since. */
  async identify({ target, candidates }: Sight): Promise<void> {
    if (candidates.length === 0) return;
    const before = new Map(candidates.map(({ id, fetchedAt }) => [id, fetchedAt]));
    const fetched = (await this.live()).filter(({ id, fetchedAt }) => before.has(id) && before.get(id) !== fetchedAt);
    const [only, ...others] = fetched;
    if (only !== undefined && others.length === 0) this.identified.set(target.url, only.id);
  }

  private async live(): Promise<readonly NodeRecord[]> {
    const now = this.clock.millis();
    return (await this.records.all()).filter(({ lastSeen }) => now - lastSeen <= silentAfterMs);
  }

  private sightOf(target: Target, candidates: readonly NodeRecord[], rivals: number, newest: string): Sight {
    // Fewer nodes than gateways at one place: some of these are not registered, and nobody can say which.
    if (candidates.length < rivals || candidates.length === 0) {
      return { target, state: 'unknown', node: null, candidates, generation: newest };
    }
    const [only, ...others] = candidates;
    const isKnown = only !== undefined && others.length === 0;
    if (isKnown) this.identified.set(target.url, only.id);
    const loaded = candidates.every((record) => hasLoaded(record, expectedOf(record, newest)));
    const { node, generation } = isKnown
      ? { node: only.id, generation: expectedOf(only, newest) }
      : { node: null, generation: newest };
    return { target, state: loaded ? 'loaded' : 'behind', node, candidates, generation };
  }
}

const isAt = ({ host, addresses }: Target, { hostname, address }: NodeRecord): boolean =>
  host === hostname || addresses.includes(address);

const sameNodes = (some: readonly NodeRecord[], others: readonly NodeRecord[]): boolean =>
  some.map(({ id }) => id).join() === others.map(({ id }) => id).join();

/** What a node should run: the newest generation, unless the API has assigned it another one. */
const expectedOf = ({ assigned }: NodeRecord, newest: string): string => assigned ?? newest;

const hasLoaded = ({ served }: NodeRecord, generation: string): boolean =>
  served?.apis.generation === generation && served.policies.generation === generation;
