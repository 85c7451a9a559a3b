import type { NodeContext } from './context';
import type { DashboardReply } from './dashboard-client';
import { decodeNodeReply, type RegistrationReply, UndecodableReply } from './decode';
import type { NodeCall } from './events';
import { NodeStopped, pause, reasonOf, unlessStopped } from './lifecycle';

export interface SessionCallbacks {
  /** Full reload that a registration ends with, in generations that do that. */
  readonly reloadNow: () => Promise<void>;
  readonly queueReload: (reason: string) => void;
}

/**
 * A node's standing with the dashboard: registration, heartbeat, leaving, and logging in again
 * (docs/tyk/nodes.md#calls, docs/tyk/nodes.md#refusals-and-recovery).
 */
export class DashboardSession {
  private beating: symbol | undefined;

  constructor(
    private readonly context: NodeContext,
    private readonly callbacks: SessionCallbacks,
  ) {}

  /**
   * Registers, trying again for as long as the dashboard cannot be reached or answers an error.
   *
   * @param thenReload false inside a reload that is waiting for this registration
   * @throws UndecodableReply when the body cannot be decoded: gateways do not try again by themselves then
   */
  async register(thenReload = true): Promise<void> {
    const { settings, stopping } = this.context;
    for (;;) {
      const outcome = await this.attemptRegistration();
      if (outcome === 'trusted') return;
      if (outcome === 'done') break;
      await pause(settings.registerRetryMs, stopping);
    }
    if (thenReload && settings.behaviour.reloadsAfterRegistration) await this.callbacks.reloadNow();
  }

  /**
   * One ping. A 403 registers again.
   *
   * @throws Error when the ping failed otherwise, which gateways only warn about
   */
  async ping(): Promise<void> {
    const { client, identity, log } = this.context;
    const reply = await client.call('ping');
    if (reply.status === 403) {
      identity.registered = false;
      log({ type: 'nonce-failed', call: 'ping', body: reply.body });
      await this.register();
      return;
    }
    if (reply.status !== 200) throw new Error(`status ${reply.status}`);
    identity.nonce = this.decode('ping', reply).nonce;
    log({ type: 'pinged' });
  }

  /** Pings now, then again after each pause, until told to stop. */
  startBeating(): void {
    const mine = Symbol('heartbeat');
    this.beating = mine;
    void unlessStopped(this.beat(mine));
  }

  stopBeating(): void {
    this.beating = undefined;
  }

  /** Leaves. A failure is logged and changes nothing. */
  async deregister(): Promise<void> {
    const { client, identity, log } = this.context;
    try {
      const reply = await client.call('deregister');
      if (reply.status === 403) log({ type: 'nonce-failed', call: 'deregister', body: reply.body });
      if (reply.status !== 200) throw new Error(`status ${reply.status}`);
      identity.nonce = this.decode('deregister', reply).nonce;
      identity.registered = false;
      log({ type: 'deregistered' });
    } catch (error) {
      if (error instanceof NodeStopped) throw error;
      log({ type: 'deregistration-failed', reason: reasonOf(error) });
    }
  }

  /**
   * What 3.x to 5.3.0 do after a refused fetch: leave, wait, register, reload. When the new registration cannot be
   * decoded the heartbeat stays silent, as it does there.
   */
  async logInAgain(reason: string): Promise<void> {
    const { settings, log, stopping } = this.context;
    log({ type: 'logging-in-again', reason });
    this.stopBeating();
    await this.deregister();
    await pause(settings.reloginDelayMs, stopping);
    try {
      await this.register(false);
      this.startBeating();
    } catch (error) {
      if (!(error instanceof UndecodableReply)) throw error;
    }
    this.callbacks.queueReload('logged in again');
  }

  private async beat(mine: symbol): Promise<void> {
    const { heartbeatMs, log, stopping } = this.context;
    while (this.beating === mine) {
      try {
        await this.ping();
      } catch (error) {
        if (error instanceof NodeStopped) throw error;
        log({ type: 'ping-failed', reason: reasonOf(error) });
      }
      await pause(heartbeatMs(), stopping);
    }
  }

  private async attemptRegistration(): Promise<'done' | 'trusted' | 'again'> {
    const { client, log, settings } = this.context;
    let reply: DashboardReply;
    try {
      reply = await client.call('register');
    } catch (error) {
      if (error instanceof NodeStopped) throw error;
      log({ type: 'registration-failed', reason: reasonOf(error) });
      return 'again';
    }
    const conflict = reply.status === 409 ? settings.behaviour.registrationConflict : 'retry';
    if (conflict === 'trust') {
      log({ type: 'registration-trusted' });
      return 'trusted';
    }
    if (reply.status !== 200 && conflict !== 'read') {
      log({ type: 'registration-failed', reason: `status ${reply.status}: ${reply.body}` });
      return 'again';
    }
    const decoded = this.decode('register', reply);
    if (reply.status === 409 && decoded.status !== 'OK') {
      log({ type: 'registration-failed', reason: `status 409 and ${decoded.status}` });
      return 'again';
    }
    return this.accept(decoded);
  }

  private accept({ nodeId, nonce }: RegistrationReply): 'done' | 'again' {
    const { identity, log, settings } = this.context;
    if (nodeId === undefined) {
      // Older generations forget the id they had before they see that there is none.
      if (settings.behaviour.messageTypes === 'strings') identity.nodeId = '';
      log({ type: 'registration-failed', reason: 'the reply names no NodeID' });
      return 'again';
    }
    identity.nodeId = nodeId;
    identity.nonce = nonce;
    identity.registered = true;
    log({ type: 'registered', nodeId });
    return 'done';
  }

  private decode(call: NodeCall, reply: DashboardReply): RegistrationReply {
    try {
      return decodeNodeReply(reply.body, this.context.settings.behaviour.messageTypes);
    } catch (error) {
      this.context.log({ type: 'undecodable', call, reason: reasonOf(error) });
      throw error;
    }
  }
}
