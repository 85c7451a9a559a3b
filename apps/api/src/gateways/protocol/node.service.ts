import { randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError } from '@castellan/dto';
import { LOGGER, Metrics, type Logger } from '@castellan/observability';
import {
  NODE_HEADERS,
  NODE_REFUSAL,
  nodeIdFrom,
  nodeListTail,
  nodeReply,
  nonceFrom,
  registrationReply,
} from '@castellan/tyk';
import type { Generation } from '../delivery/generation';
import { Reconciler } from '../delivery/reconciler';
import { Rollout } from '../delivery/rollout';
import { isOutage } from '../../http/outage';
import { NodeRegistry, type Visit, type Visitor, type VisitOptions } from '../nodes/node-registry';
import { ServedOrganisations } from '../nodes/served-organisations';
import { serve } from './serve';

const nonceBytes = 16;

/** What a node calls for: gateways take a refusal of a ping for an invitation to register, that of a fetch is delicate. */
type CallKind = 'ping' | 'system';

const header = ({ headers }: FastifyRequest, name: string): string => {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
};

const visitorOf = (request: FastifyRequest): Visitor => ({
  id: header(request, NODE_HEADERS.nodeId),
  nonce: header(request, NODE_HEADERS.nonce),
  hostname: header(request, NODE_HEADERS.hostname),
  address: request.ip,
});

/**
 * What gateways ask, and how they have to be answered (docs/tyk/nodes.md#calls). The node secret is the credential, and whoever has
 * it is served: id and nonce say which node it is, and Redis remembers it, so a node that is unknown is learned from
 * what it sends, and a Redis that is away costs knowledge and no configuration.
 */
@Injectable()
export class NodeService {
  private readonly mismatches;

  constructor(
    private readonly registry: NodeRegistry,
    private readonly rollout: Rollout,
    private readonly reconciler: Reconciler,
    private readonly served: ServedOrganisations,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.mismatches = metrics.counter(
      'castellan_node_mismatches_total',
      'Calls of nodes that were not recognised: unknown id, stale nonce, a node that has left, or not recorded for want of Redis',
      ['call', 'mismatch'],
    );
  }

  async register(request: FastifyRequest): Promise<string> {
    const { hostname, address } = visitorOf(request);
    const id = nodeIdFrom(randomUUID());
    const nonce = newNonce(id);
    // What could not be recorded is learned from the node's next call.
    await this.recorded(this.registry.register({ id, hostname, address }, nonce));
    this.reconciler.afterRegistration();
    this.logger.info({ node: id, hostname, address }, 'A node registered');
    return registrationReply(id, nonce);
  }

  async ping(request: FastifyRequest): Promise<string> {
    return this.answer('ping', request);
  }

  async deregister(request: FastifyRequest): Promise<string> {
    const { id } = visitorOf(request);
    if (this.isStrict) await this.visit('system', request);
    await this.registry.forget(id);
    this.logger.info({ node: id }, 'A node deregistered');
    return nodeReply({}, newNonce(id));
  }

  async quotaTrigger(request: FastifyRequest): Promise<string> {
    return this.answer('system', request);
  }

  /**
   * Sends a list to a node. The nonce is judged as the request arrives, since the heartbeat goes on while the list is
   * made, and renewed when it is there: when MongoDB is out of reach the node gets a 5xx and keeps what it has (promise 3).
   */
  async sendList(list: 'apis' | 'policies', request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { id } = visitorOf(request);
    const outcome = await this.visit('system', request, { fetches: true });
    const generation = (await this.rollout.current()).of(id);
    const nonce = newNonce(id);
    if (outcome !== 'gone') await this.recorded(this.registry.renew(id, nonce));
    this.noteWhenSent(id, list, generation, reply);
    serve(generation[list], nodeListTail(nonce), request, reply);
  }

  async list(items: readonly string[], request: FastifyRequest): Promise<string> {
    const nonce = newNonce(visitorOf(request).id);
    await this.visit('system', request, { next: nonce });
    return `{"Status":"OK","Message":[${items.join(',')}]${nodeListTail(nonce)}`;
  }

  private get isStrict(): boolean {
    return this.config.nodeNonces === 'strict';
  }

  private async answer(call: CallKind, request: FastifyRequest): Promise<string> {
    const nonce = newNonce(visitorOf(request).id);
    await this.visit(call, request, { next: nonce });
    return nodeReply({}, nonce);
  }

  /**
   * Notes who called.
   *
   * @throws CastellanError (403) for a ping of a node that has left, and with strict nonces for whoever is not recognised
   */
  private async visit(
    call: CallKind,
    request: FastifyRequest,
    options: VisitOptions = {},
  ): Promise<Visit | 'unrecorded'> {
    const visitor = visitorOf(request);
    const visit = this.registry.visit(visitor, { ...options, refuseStrangers: this.isStrict });
    const outcome = (await this.recorded(visit)) ?? 'unrecorded';
    if (outcome === 'ok') return outcome;
    this.mismatches.inc({ call, mismatch: outcome });
    this.logger.debug({ node: visitor.id, call, mismatch: outcome }, 'A node was not recognised');
    if (this.isStrict || (call === 'ping' && outcome === 'gone')) throw refusal(call, outcome);
    if (outcome === 'unknown') this.reconciler.afterRegistration();
    return outcome;
  }

  /** What Redis did; undefined when it is out of reach, which is no reason to turn a node away. */
  private async recorded<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      if (this.isStrict || !isOutage(error)) throw error;
      this.logger.debug({ err: error }, 'Redis is out of reach; a call of a node was answered and not recorded');
      return undefined;
    }
  }

  /** A reply that broke off on the way was not loaded, so it counts only once it is out in full (promise 5). */
  private noteWhenSent(id: string, list: 'apis' | 'policies', generation: Generation, reply: FastifyReply): void {
    const { name, organisations, [list]: served } = generation;
    reply.raw.once('finish', () => {
      this.logger.info({ node: id, list, count: served.count, hash: served.hash }, 'A node was served');
      const noted = [
        this.registry.recordServed(id, list, { hash: served.hash, generation: name }),
        ...(list === 'apis' ? [this.served.note(served.hash, organisations)] : []),
      ];
      Promise.all(noted).catch((error: unknown) => {
        this.logger.warn({ err: error, node: id }, 'It could not be noted what a node was served');
      });
    });
  }
}

const newNonce = (id: string): string => nonceFrom(id, randomBytes(nonceBytes));

/**
 * A 403. On a ping it makes a gateway register, whatever it says. Elsewhere its body holds none of the words, the code
 * included, that make newer gateways register inside the load that they are about.
 */
const refusal = (call: CallKind, outcome: Visit | 'unrecorded'): CastellanError => {
  if (call === 'system') return new CastellanError(403, 'node_not_recognised', NODE_REFUSAL.fetch);
  return outcome === 'nonce'
    ? new CastellanError(403, 'node_nonce_failed', NODE_REFUSAL.nonce)
    : new CastellanError(403, 'node_unknown', NODE_REFUSAL.unknownNode);
};
