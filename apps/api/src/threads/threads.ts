import { Piscina } from 'piscina';
import { Busy } from '@castellan/dto';

/**
 * Memory of each thread, in MiB: reading YAML takes up to two hundred times the memory of the text. A container has to have
 * room for all of them beside everything else (deploy/kubernetes/api.yaml).
 */
export const threadMemory = { yaml: 320, checks: 320 } as const;

/** What one kind of heavy work gets. */
export interface ThreadLimits {
  readonly memory: keyof typeof threadMemory;
  /** Tasks that may wait for the one that is being worked on. */
  readonly waiting: number;
  /** How long a task may take, and wait before that, in milliseconds. */
  readonly longest: number;
}

/** The thread came to the end of its memory; the next task gets a new one. */
export class ThreadDied extends Error {
  override readonly name = 'ThreadDied';
}

/** How long a thread stays when there is nothing to do, in milliseconds. */
const idle = 10_000;

/**
 * Does one kind of work in a thread beside the one that answers requests: one task at a time, in order. The thread is
 * started when it is needed.
 */
export class Threads<Task, Outcome> {
  private pool: Piscina<Task, Outcome> | undefined;

  /** @param file whose default export does the work, and takes and gives plain data */
  constructor(
    private readonly file: string,
    private readonly limits: ThreadLimits,
  ) {}

  /** @throws Busy, ThreadDied, and what the work throws */
  async run(task: Task): Promise<Outcome> {
    const { waiting, longest } = this.limits;
    this.pool ??= this.start();
    if (this.pool.queueSize >= waiting) throw new Busy('Too many large documents are being worked on');
    try {
      return await this.pool.run(task, { signal: AbortSignal.timeout(longest) });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.name === 'AbortError') throw new Busy('Large documents take too long at the moment');
      if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
        throw new ThreadDied('Out of memory', { cause: error });
      }
      throw error;
    }
  }

  private start(): Piscina<Task, Outcome> {
    return new Piscina({
      filename: this.file,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: idle,
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: threadMemory[this.limits.memory] },
    });
  }
}
