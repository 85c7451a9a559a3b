import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { defaultDeadlineMs, eventually, NeverHappened } from '../eventually';
import type { NodeContext } from './context';
import { ControlServer } from './control-server';
import { DashboardClient } from './dashboard-client';
import { type JsonObject, UndecodableReply } from './decode';
import { describeEvent, type NodeEvent, type NodeEventDetail, type NodeEventType } from './events';
import { HealthProbe } from './health-probe';
import type { NodeIdentity } from './identity';
import { Lock, NodeStopped, pause, reasonOf, unlessStopped } from './lifecycle';
import { ConfigurationLoader } from './loader';
import { type NodeSettings, type NodeSimulatorOptions, settingsOf } from './options';
import { RedisSignals } from './redis-signals';
import { ReloadLoop } from './reload-loop';
import { DashboardSession } from './session';
import { judgeSignal, signedSignal, type SignalSource } from './signals';

interface NodeSimulatorEvents {
  event: [NodeEvent];
}

/** A long-running node keeps this many events; older ones are dropped. */
const eventLimit = 20_000;

/**
 * One gateway, as the dashboard, Redis and the host manager see it: it registers, pings, fetches policies and APIs,
 * listens to signals, serves its control API and routes traffic by what it has loaded (docs/tyk/nodes.md,
 * docs/tyk/signals.md). It is meant to be as unforgiving as the real one, so that what works with it works with
 * gateways.
 */
export class NodeSimulator extends EventEmitter<NodeSimulatorEvents> {
  readonly settings: NodeSettings;
  /** What happened, oldest first. */
  readonly events: NodeEvent[] = [];
  private readonly identity: NodeIdentity = { nodeId: '', nonce: '', registered: false, sessionId: randomUUID() };
  private readonly stopping = new AbortController();
  private readonly client: DashboardClient;
  private readonly loader: ConfigurationLoader;
  private readonly session: DashboardSession;
  private readonly loop = new ReloadLoop((reasons) => this.reload(reasons));
  private readonly reloading = new Lock();
  private readonly signals: SignalSource | undefined;
  private readonly probe: HealthProbe;
  private readonly control: ControlServer;
  private address = '';
  private reloads = 0;
  /** False: signals pass it by, as when its connection to Redis hangs; only its control API makes it load. */
  hearing = true;
  /** Pause between two pings from now on, in milliseconds. */
  heartbeatMs: number;

  /** @throws Error for options that cannot work; nothing is opened before `start` */
  constructor(options: NodeSimulatorOptions) {
    super();
    this.settings = settingsOf(options);
    const { settings, identity, stopping } = this;
    this.heartbeatMs = settings.heartbeatMs;
    this.client = new DashboardClient(settings, identity);
    const context: NodeContext = {
      settings,
      heartbeatMs: () => this.heartbeatMs,
      identity,
      client: this.client,
      stopping: stopping.signal,
      log: (event) => {
        this.log(event);
      },
    };
    this.session = new DashboardSession(context, {
      reloadNow: () => this.loadAtStart('registered'),
      queueReload: (reason) => void this.queueReload(reason),
    });
    this.loader = new ConfigurationLoader(context, {
      logInAgain: (reason) => this.session.logInAgain(reason),
      register: (thenReload) => this.session.register(thenReload),
    });
    this.signals = options.signals ?? (options.redisUrl === undefined ? undefined : this.redis(options.redisUrl));
    this.probe = new HealthProbe(settings.version, () => this.session.ping(), this.signals);
    this.control = new ControlServer({
      gatewaySecret: settings.gatewaySecret,
      queueReload: (reason) => this.queueReload(reason),
      reloadGroup: async () => this.signals?.publish(signedSignal('GroupReload', settings.nodeSecret)),
      apis: () => this.loader.apis,
      policies: () => this.loader.policies,
      hello: () => this.probe.hello(),
      route: (host, path) => this.loader.routes.find(host, path),
    });
  }

  /** The id of the last registration; empty before the first. */
  get nodeId(): string {
    return this.identity.nodeId;
  }

  /** The one nonce of the node, as last received. */
  get nonce(): string {
    return this.identity.nonce;
  }

  get sessionId(): string {
    return this.identity.sessionId;
  }

  /** False before the first registration, from a 403 on a ping to the next registration, and after leaving. */
  get registered(): boolean {
    return this.identity.registered;
  }

  /** By api_id: the `api_definition` objects of what is loaded, as received. */
  get loadedApis(): ReadonlyMap<string, JsonObject> {
    return new Map([...this.loader.apis].map(([id, api]) => [id, api.definition]));
  }

  /** By api_id: the `oas` documents of what is loaded, as received (null for classic APIs). */
  get loadedOas(): ReadonlyMap<string, unknown> {
    return new Map([...this.loader.apis].map(([id, api]) => [id, api.oas]));
  }

  /** By policy id: what is loaded, as received. */
  get loadedPolicies(): ReadonlyMap<string, JsonObject> {
    return this.loader.policies;
  }

  /** The exact text of the last `/system/apis` body that was loaded; empty before the first. */
  get rawApisBody(): string {
    return this.loader.rawApisBody;
  }

  /**
   * How many reloads succeeded, those at the start included: one, or two for generations that also reload when they
   * register.
   */
  get reloadCount(): number {
    return this.reloads;
  }

  /** Whether it is about to load, or at it. */
  get loads(): boolean {
    return this.loop.hasWork;
  }

  /** Where the control API and traffic are served, without a trailing slash; empty before `start` has opened it. */
  get url(): string {
    return this.address;
  }

  /**
   * Opens the node's port, listens for signals, registers and loads. Resolves when the node has registered and tried
   * its first load (generations that retry it: when it succeeded), or when the node was stopped on the way; so it stays
   * pending for as long as the dashboard is down. A node lives once: for a restart, make a new one.
   *
   * @throws Error when the port is taken, when the node was started before, or when this generation exits over an
   *   undecodable registration
   */
  async start(): Promise<void> {
    if (this.address !== '' || this.stopping.signal.aborted) throw new Error('A node can be started once only');
    const { controlPort, reloadTickMs } = this.settings;
    this.address = await this.control.listen(controlPort);
    this.log({ type: 'listening', url: this.address });
    this.loop.start(reloadTickMs);
    await unlessStopped(this.boot());
  }

  /** Shuts down in order: heartbeat off, deregister (unless told not to), everything closed. May be called again. */
  async stop({ deregister = true }: { deregister?: boolean } = {}): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.session.stopBeating();
    this.probe.stop();
    if (deregister) await unlessStopped(this.session.deregister());
    await this.close('stopped');
  }

  /** Dies as with `kill -9`: connections drop, nobody is told. */
  async kill(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    await this.close('killed');
  }

  /** The events of one type, oldest first. */
  eventsOf<T extends NodeEventType>(type: T): Extract<NodeEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<NodeEvent, { type: T }> => event.type === type);
  }

  /**
   * Waits until the predicate holds for this node.
   *
   * @throws NeverHappened after `deadlineMs`, with what the node did last
   */
  async waitFor(
    predicate: (node: NodeSimulator) => boolean | Promise<boolean>,
    deadlineMs = defaultDeadlineMs,
    describe = 'the node',
  ): Promise<void> {
    try {
      await eventually(() => predicate(this), { deadlineMs, describe, intervalMs: 5 });
    } catch (error) {
      const lately = this.events.slice(-12).map((event) => `  - ${describeEvent(event)}`);
      throw new NeverHappened(`${reasonOf(error)}\nThe node's last events:\n${lately.join('\n')}`, error);
    }
  }

  private redis(url: string): SignalSource {
    return new RedisSignals(url, this.settings.signalRetryMs);
  }

  private async boot(): Promise<void> {
    const listening = this.listenForSignals();
    if (this.settings.healthCheckMs > 0) this.probe.start(this.settings.healthCheckMs);
    try {
      await this.session.register();
    } catch (error) {
      if (!(error instanceof UndecodableReply)) throw error;
      if (this.settings.behaviour.undecodableRegistration === 'exit') {
        await this.kill();
        throw error;
      }
    }
    this.session.startBeating();
    await this.loadAtStart('start');
    if (this.settings.signalDelayMs === 0) await listening;
  }

  private async listenForSignals(): Promise<void> {
    const { signals, settings, stopping } = this;
    if (signals === undefined) return;
    try {
      await pause(settings.signalDelayMs, stopping.signal);
      await signals.subscribe((message) => {
        this.receive(message);
      });
      this.log({ type: 'subscribed' });
    } catch (error) {
      if (!(error instanceof NodeStopped)) this.log({ type: 'subscription-failed', reason: reasonOf(error) });
    }
  }

  private receive(message: string): void {
    if (this.stopping.signal.aborted || !this.hearing) return;
    const verdict = judgeSignal(message, this.settings);
    if (verdict.kind === 'ignored') return;
    if (verdict.kind === 'rejected') {
      this.log({ type: 'signal-rejected', reason: verdict.reason, message });
      return;
    }
    this.log({ type: 'signal-accepted', command: verdict.command });
    if (verdict.kind === 'reload') void this.queueReload(`signal ${verdict.command}`);
  }

  private queueReload(reason: string): Promise<void> {
    this.log({ type: 'reload-queued', reason });
    return this.loop.queue(reason);
  }

  /** One reload, after any other that is under way. Never fails; false when it did not succeed. */
  private async reload(reasons: readonly string[]): Promise<boolean> {
    try {
      const succeeded = await this.reloading.run(() => this.loader.reload(reasons));
      if (succeeded) this.reloads += 1;
      return succeeded;
    } catch (error) {
      if (error instanceof NodeStopped) return false;
      throw error;
    }
  }

  private async loadAtStart(reason: string): Promise<void> {
    const { behaviour, startRetryMs, startRetryMaxMs } = this.settings;
    for (let waitMs = startRetryMs; ; waitMs = Math.min(waitMs * 2, startRetryMaxMs)) {
      if ((await this.reload([reason])) || !behaviour.retriesFirstLoad) return;
      await pause(waitMs, this.stopping.signal);
    }
  }

  private async close(how: 'stopped' | 'killed'): Promise<void> {
    this.stopping.abort();
    this.session.stopBeating();
    this.probe.stop();
    this.loop.stop();
    this.client.close();
    this.identity.registered = false;
    await Promise.all([this.control.close(), this.signals?.close()]);
    this.log({ type: how });
  }

  private log(detail: NodeEventDetail): void {
    const event: NodeEvent = { ...detail, at: Date.now() };
    this.events.push(event);
    if (this.events.length > eventLimit) this.events.splice(0, eventLimit / 10);
    this.emit('event', event);
  }
}
