import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually';
import { freePort } from './free-port';

const SLOTS = 16_384;

/** One server of a test, which ends with it. */
export interface RedisServer {
  readonly port: number;
  readonly redis: Redis;
  /** Ends the process without giving it time for anything. */
  kill(): Promise<void>;
  /** Ends it, if it has not ended, and starts it again where it was, with what it keeps in files and these settings beside its own. */
  restart(...settings: readonly string[]): Promise<void>;
}

/**
 * Starts Redis servers of a test's own, from the same program as the Redis that the tests run on: masters and replicas, sentinels
 * and clusters, which one server cannot stand in for.
 */
export class RedisServers {
  private readonly children: ChildProcess[] = [];
  private readonly connections: Redis[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'castellan-redis-'));
  private readonly endAll = (): void => {
    for (const child of this.children) child.kill('SIGKILL');
  };

  private constructor(private readonly program: string) {
    process.once('exit', this.endAll);
  }

  /** @param url a Redis that runs the program to start; it has to run on this machine */
  static async like(url: string): Promise<RedisServers> {
    const redis = new Redis(url);
    const program = /^executable:(.+)$/m.exec(await redis.info('server'))?.[1]?.trim();
    redis.disconnect();
    if (program === undefined) throw new Error('The Redis of the tests does not say which program it is.');
    return new RedisServers(program);
  }

  async server(...settings: readonly string[]): Promise<RedisServer> {
    const port = await freePort();
    return this.start(port, ['--port', String(port), '--save', '', ...settings]);
  }

  async replicaOf({ port }: RedisServer): Promise<RedisServer> {
    const replica = await this.server('--replicaof', '127.0.0.1', String(port), '--repl-diskless-sync-delay', '0');
    await eventually(async () => /master_link_status:up/.test(await replica.redis.info('replication')), {
      describe: 'the replica to follow',
    });
    return replica;
  }

  /** One sentinel whose word is enough. */
  async sentinel({ port: master }: RedisServer, name: string): Promise<RedisServer> {
    const port = await freePort();
    const file = join(this.folder, `sentinel-${port}.conf`);
    const lines = [
      `port ${port}`,
      `sentinel monitor ${name} 127.0.0.1 ${master} 1`,
      `sentinel down-after-milliseconds ${name} 500`,
      // It begins no other failover within twice this time.
      `sentinel failover-timeout ${name} 2000`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const sentinel = await this.start(port, [file, '--sentinel']);
    await eventually(async () => /slaves=[1-9]/.test(await sentinel.redis.info('sentinel')), {
      describe: 'the sentinel to know the replica',
    });
    return sentinel;
  }

  /** A cluster of masters that share the slots evenly, and one replica of the first of them. */
  async cluster(masters: number): Promise<{ masters: readonly RedisServer[]; replica: RedisServer }> {
    const servers: RedisServer[] = [];
    const bus = await freePort();
    const first = await this.clusterServer(bus);
    servers.push(first);
    while (servers.length <= masters) {
      const server = await this.clusterServer(await freePort());
      await server.redis.call('CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(bus));
      servers.push(server);
    }
    const holders = servers.slice(0, masters);
    for (const [index, { redis }] of holders.entries()) {
      const from = Math.floor((SLOTS * index) / masters);
      const to = Math.floor((SLOTS * (index + 1)) / masters) - 1;
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    }
    await clusterAgrees(servers);
    const replica = servers[masters];
    if (replica === undefined) throw new Error('A cluster needs a replica.');
    const id = String(await first.redis.call('CLUSTER', 'MYID'));
    await replica.redis.call('CLUSTER', 'REPLICATE', id);
    await eventually(async () => /master_link_status:up/.test(await replica.redis.info('replication')), {
      describe: 'the replica to follow',
    });
    return { masters: holders, replica };
  }

  async stop(): Promise<void> {
    for (const redis of this.connections) redis.disconnect();
    await Promise.all(this.children.map(ended));
    process.off('exit', this.endAll);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  private clusterServer(bus: number): Promise<RedisServer> {
    return this.server(
      ...['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${bus}.conf`, '--cluster-port', String(bus)],
      ...[
        '--cluster-node-timeout',
        '1000',
        '--repl-diskless-sync-delay',
        '0',
        '--cluster-replica-validity-factor',
        '0',
      ],
    );
  }

  private async start(port: number, settings: readonly string[]): Promise<RedisServer> {
    const args = [...settings, '--bind', '127.0.0.1', '--dir', this.folder, '--daemonize', 'no'];
    let child = this.spawn(args);
    const redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    this.connections.push(redis);
    const answers = (): Promise<unknown> => eventually(() => redis.ping(), { describe: 'a Redis server to answer' });
    await answers();
    const restart = async (...more: readonly string[]): Promise<void> => {
      await ended(child);
      child = this.spawn([...args, ...more]);
      await answers();
    };
    return { port, redis, kill: () => ended(child), restart };
  }

  private spawn(args: readonly string[]): ChildProcess {
    const child = spawn(this.program, args, { stdio: 'ignore' });
    this.children.push(child);
    return child;
  }
}

async function clusterAgrees(servers: readonly RedisServer[]): Promise<void> {
  await eventually(
    async () => {
      const reports = await Promise.all(servers.map(({ redis }) => redis.cluster('INFO')));
      return reports.every(
        (report) => report.includes('cluster_state:ok') && report.includes(`cluster_known_nodes:${servers.length}`),
      );
    },
    { describe: 'the cluster to agree' },
  );
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}
