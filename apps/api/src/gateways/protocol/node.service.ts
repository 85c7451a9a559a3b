import { randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CastellanError } from '@castellan/dto';
import { LOGGER, type Logger } from '@castellan/observability';
import {
  NODE_HEADERS,
  NODE_REFUSAL,
  nodeIdFrom,
  nodeListTail,
  nodeReply,
  nonceFrom,
  registrationReply,
} from '@castellan/tyk';
import { NodeRegistry, type Visit } from '../delivery/node-registry';
import { Reconciler } from '../delivery/reconciler';
import type { NodeList } from '../delivery/snapshot';
import { SnapshotService } from '../delivery/snapshot.service';
import { serve } from './serve';

const nonceBytes = 16;

const header = ({ headers }: FastifyRequest, name: string): string => {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
};

/** What gateways ask, and how they have to be answered (docs/tyk/nodes.md#calls). */
@Injectable()
export class NodeService {
  constructor(
    private readonly registry: NodeRegistry,
    private readonly snapshots: SnapshotService,
    private readonly reconciler: Reconciler,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async register(request: FastifyRequest): Promise<string> {
    const id = nodeIdFrom(randomUUID());
    const nonce = newNonce(id);
    const hostname = header(request, NODE_HEADERS.hostname);
    await this.registry.register({ id, hostname, address: request.ip }, nonce);
    this.reconciler.afterRegistration();
    this.logger.info({ node: id, hostname, address: request.ip }, 'A node registered');
    return registrationReply(id, nonce);
  }

  async ping(request: FastifyRequest): Promise<string> {
    return nodeReply({}, await this.visit(request));
  }

  async deregister(request: FastifyRequest): Promise<string> {
    const nonce = await this.visit(request);
    const id = header(request, NODE_HEADERS.nodeId);
    await this.registry.forget(id);
    this.logger.info({ node: id }, 'A node deregistered');
    return nodeReply({}, nonce);
  }

  /**
   * Sends a list to a node. The nonce is judged as the request arrives, since the heartbeat goes on while the snapshot is
   * made, and spent when it is there: when MongoDB is out of reach the node gets a 5xx and keeps what it has (promise 3).
   */
  async sendList(list: 'apis' | 'policies', request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const id = header(request, NODE_HEADERS.nodeId);
    refuse(await this.registry.recognise(id, header(request, NODE_HEADERS.nonce)));
    const snapshot = await this.snapshots.current();
    const nonce = newNonce(id);
    refuse(await this.registry.renew(id, nonce));
    const served = snapshot[list];
    this.noteWhenSent(id, list, served, reply);
    serve(served, nodeListTail(nonce), request, reply);
  }

  async list(items: readonly string[], request: FastifyRequest): Promise<string> {
    return `{"Status":"OK","Message":[${items.join(',')}]${nodeListTail(await this.visit(request))}`;
  }

  private async visit(request: FastifyRequest): Promise<string> {
    const id = header(request, NODE_HEADERS.nodeId);
    const nonce = newNonce(id);
    refuse(await this.registry.visit(id, header(request, NODE_HEADERS.nonce), nonce));
    return nonce;
  }

  /** A reply that broke off on the way was not loaded, so it counts only once it is out in full (promise 5). */
  private noteWhenSent(id: string, list: 'apis' | 'policies', { hash, count }: NodeList, reply: FastifyReply): void {
    reply.raw.once('finish', () => {
      this.logger.info({ node: id, list, count, hash }, 'A node was served');
      this.registry.recordServed(id, list, hash).catch((error: unknown) => {
        this.logger.warn({ err: error, node: id }, 'It could not be noted what a node was served');
      });
    });
  }
}

const newNonce = (id: string): string => nonceFrom(id, randomBytes(nonceBytes));

/** @throws CastellanError (403) for a call that is not to be answered; nobody has registered without an id. */
const refuse = (outcome: Visit): void => {
  if (outcome === 'unknown') throw refusal('node_unknown', NODE_REFUSAL.unknownNode);
  if (outcome === 'nonce') throw refusal('node_nonce_failed', NODE_REFUSAL.nonce);
};

/**
 * A 403 with the words by which gateways know that they should register again
 * (docs/tyk/nodes.md#refusals-and-recovery).
 */
const refusal = (code: 'node_unknown' | 'node_nonce_failed', text: string): CastellanError =>
  new CastellanError(403, code, text);
