import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection, Types } from 'mongoose';

/** Where it stands how far each organisation's configuration has come, one row each. */
export const generationsCollection = 'generations';

/** In the place of an organisation where there is none; nodes are served nothing of it. */
export const nobody = '0'.repeat(24);

/** How far the configuration of each organisation has come, for a process that only wants to compare. */
@Injectable()
export class GenerationNumbers {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** Organisation id to generation, for every organisation that has ever configured something. */
  async all(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.connection
      .collection<{ _id: Types.ObjectId; generation?: number }>(generationsCollection)
      .find({}, { projection: { generation: 1 } })
      .toArray();
    return new Map(
      rows
        .map(({ _id, generation = 0 }) => [_id.toString(), generation] as const)
        .filter(([organisation]) => organisation !== nobody),
    );
  }
}
