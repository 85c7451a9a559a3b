import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { ClientSession, Connection } from 'mongoose';

/** Reads of several collections that all see the same moment. */
@Injectable()
export class ConsistentReads {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** Runs reads on one snapshot of the database. They are not tried again: a caller that waits wants to know of an outage. */
  async read<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    const session = await this.connection.startSession();
    try {
      session.startTransaction({ readConcern: { level: 'snapshot' } });
      const value = await work(session);
      await session.commitTransaction();
      return value;
    } finally {
      // Ends a transaction that failed, too.
      await session.endSession();
    }
  }
}
