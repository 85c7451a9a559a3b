import { Injectable } from '@nestjs/common';
import { Unavailable } from '@castellan/dto';
import { KeyStore } from '@castellan/keys';
import type { ChoreRow, UnitOfWork } from '@castellan/persistence';
import { ChoreRunner } from './chore-runner';

/**
 * The one way in which people change what nodes find in their Redis: keys, certificates and OAuth clients. What is committed is
 * a record with digests in the place of secrets (the kind's `history`), and with it what Redis has to hold; then it is brought
 * there. A process that dies between the two leaves the rest to the chores, or to the keeper of keys.
 */
@Injectable()
export class RedisChanges {
  constructor(
    private readonly store: KeyStore,
    private readonly runner: ChoreRunner,
  ) {}

  /**
   * @param commit writes the record, and what has to be brought
   * @param bring brings it, and says what came of it
   * @throws Unavailable before anything is written when Redis could not be told: a change must not happen minutes later
   */
  async make<T, R>(
    commit: () => Promise<T>,
    bring: (committed: T) => Promise<R>,
  ): Promise<{ readonly committed: T; readonly brought: R }> {
    await this.requireRedis();
    const committed = await commit();
    return { committed, brought: await bring(committed) };
  }

  /**
   * A change whose unit leaves what is to be done at Redis ({@link UnitOfWork.leave}).
   *
   * @param commit runs the work that it is given, and commits it
   * @returns with what was committed, why something of it has to wait; null when all is done
   * @throws Unavailable as {@link make}, and when Redis went away since
   */
  async doing<T>(
    work: (unit: UnitOfWork) => Promise<T>,
    commit: (work: (unit: UnitOfWork) => Promise<T>) => Promise<T>,
  ): Promise<{ readonly committed: T; readonly brought: string | null }> {
    let left: readonly ChoreRow[] = [];
    const noting = async (unit: UnitOfWork): Promise<T> => {
      const value = await work(unit);
      left = unit.left;
      return value;
    };
    return this.make(
      () => commit(noting),
      () => this.runner.doNow(left),
    );
  }

  private async requireRedis(): Promise<void> {
    try {
      await this.store.ping();
    } catch (error) {
      throw new Unavailable('The Redis of the nodes', error);
    }
  }
}
