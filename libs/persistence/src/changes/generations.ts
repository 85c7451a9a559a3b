import { Injectable } from '@nestjs/common';
import { InjectConnection, InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Connection, Model, Types, UpdateQuery } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
import { ImportRunning } from '../imports/import-running';
import { kindNamed } from '../kinds/kind';
import type { EveryOrganisation } from '../span';
import { modelNames } from '../models';
import type { GenerationRow } from './rows';
import type { UnitOfWork } from './unit-of-work';

/** How far an organisation has come. */
export interface Advance {
  /** Changes of any sort. */
  readonly sequence: number;
  /** Changes of what nodes are served. */
  readonly generation: number;
}

/** How far one organisation has come, and the import that holds it still for the nodes, if there is one. */
export interface Reached extends Advance {
  readonly importing: Types.ObjectId | null;
}

/** How far each organisation's configuration has come. */
@Injectable()
export class Generations {
  constructor(
    @InjectModel(modelNames.generation) private readonly model: Model<GenerationRow>,
    @InjectConnection() private readonly connection: Connection,
  ) {}

  /** How far all of them have come together: another text after any change. `settled` while no import is being applied. */
  async ofAll(_: EveryOrganisation): Promise<{ readonly reached: string; readonly settled: boolean }> {
    const rows = await this.model
      .find()
      .sort({ _id: 1 })
      .select({ sequence: 1, importing: 1 })
      .lean<Pick<GenerationRow, '_id' | 'sequence' | 'importing'>[]>()
      .exec();
    const reached = rows.map(({ _id, sequence }) => `${_id.toString()}:${sequence}`).join();
    return { reached, settled: rows.every(({ importing }) => importing == null) };
  }

  async of(organisation: OrganisationId, session: ClientSession | null = null): Promise<Reached> {
    return reachedOf(await this.model.findById(toObjectId(organisation)).session(session).lean<GenerationRow>().exec());
  }

  /**
   * Takes an organisation one change further, and with it every unit that writes at the same time: they meet here, and all
   * but one begin again.
   *
   * @param moves whether some node is served other bytes
   * @throws ImportRunning when nodes load such resources as were changed while an import is being applied; the limit's error
   */
  async advance(unit: UnitOfWork, { moves }: { readonly moves: boolean }): Promise<Advance> {
    const row = await this.increase(unit, { sequence: 1, generation: moves ? 1 : 0 });
    const concerned = unit.changes.some(({ kind }) => kindNamed(kind).served !== null);
    if (row.importing !== undefined && concerned) {
      throw new ImportRunning('A large import is being applied; try again when it is over');
    }
    return reachedOf(row);
  }

  /** Counts what a part of a change has made more or fewer, and goes no further. @throws the limit's own error */
  async count(unit: UnitOfWork): Promise<Advance> {
    return reachedOf(await this.increase(unit, { sequence: 0, generation: 0 }));
  }

  /**
   * Holds an organisation still for the nodes while an import is under way.
   *
   * @returns false when it has moved on since, or another import holds it
   */
  async hold(
    organisation: OrganisationId,
    { sequence, generation }: Advance,
    importId: Types.ObjectId,
    session: ClientSession,
  ): Promise<boolean> {
    const _id = toObjectId(organisation);
    const found = await this.of(organisation, session);
    if (found.sequence !== sequence || found.generation !== generation || found.importing !== null) return false;
    await this.model
      .updateOne({ _id }, { $set: { sequence, generation, importing: importId } }, { session, upsert: true })
      .exec();
    return true;
  }

  /** Lets it go, one change further when there was one. */
  async letGo(unit: UnitOfWork, { isChange, moves }: { isChange: boolean; moves: boolean }): Promise<Advance> {
    const step = { sequence: isChange ? 1 : 0, generation: moves ? 1 : 0 };
    return reachedOf(await this.increase(unit, step, { $unset: { importing: 1 } }));
  }

  private async increase(
    unit: UnitOfWork,
    { sequence, generation }: Advance,
    also: UpdateQuery<GenerationRow> = {},
  ): Promise<GenerationRow> {
    const counted = [...unit.growth].filter(([kind]) => kindNamed(kind).counted);
    const counts = Object.fromEntries(counted.map(([kind, step]) => [`counts.${kind}`, step]));
    const _id = toObjectId(unit.organisation);
    const row = await this.model
      .findOneAndUpdate(
        { _id },
        { $inc: { sequence, generation, ...counts }, ...also },
        { session: unit.session, upsert: true, returnDocument: 'after' },
      )
      .lean<GenerationRow>()
      .exec();
    for (const [kind, { most, refuse }] of unit.limits) {
      const step = unit.growth.get(kind) ?? 0;
      if (step > 0 && (await this.counted(unit, kind, row, step)) > most) throw refuse();
    }
    return row;
  }

  /** How many there are. A count that was none before may be of a database that did not count yet: then they are counted now. */
  private async counted(unit: UnitOfWork, kind: string, row: GenerationRow, step: number): Promise<number> {
    const known = row.counts?.[kind] ?? 0;
    const { counted, collection } = kindNamed(kind);
    if (counted && known > step) return known;
    const orgId = toObjectId(unit.organisation);
    const { session } = unit;
    // Keys that were deleted stay in their index for a while.
    const count = await this.connection.collection(collection).countDocuments({ orgId, deletedAt: null }, { session });
    if (counted && count !== known) {
      await this.model.updateOne({ _id: orgId }, { $set: { [`counts.${kind}`]: count } }, { session }).exec();
    }
    return count;
  }
}

/** What the row of an organisation says; null for one that has never configured anything. */
export const reachedOf = (row: GenerationRow | null): Reached => ({
  sequence: row?.sequence ?? 0,
  generation: row?.generation ?? 0,
  importing: row?.importing ?? null,
});
