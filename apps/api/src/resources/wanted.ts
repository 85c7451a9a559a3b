import type { Types } from 'mongoose';
import type { CastellanError } from '@castellan/dto';
import type { Draft, Operation, ResourceRow } from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import type { References } from './references';

/** A content that is to become a row. */
export interface Drafting<Row extends ResourceRow> {
  readonly content: JsonObject;
  readonly id: Types.ObjectId;
  /** The row that it will replace, or null for a new one. */
  readonly current: Row | null;
  /** A rollback or a restore brings a whole state back; any other write leaves what it does not say. */
  readonly operation: Operation;
  readonly references: References;
}

/** A row that somebody wants to have, checked by itself and not yet beside others. */
export interface Wanted<Row extends ResourceRow> {
  readonly draft: Draft<Row>;
  /** What the row is until now; null for a new one. */
  readonly current: Omit<Row, 'document'> | null;
  /** What was sent. */
  readonly content: JsonObject;
  /** Whether the row id was chosen by whoever sent it. */
  readonly hasSentId: boolean;
  /** What errors call it, where there are several: its place in the document. */
  readonly label: string;
}

/** Something that is in the way of a wanted row. */
export interface Obstacle {
  /** Which of the wanted rows it is about. */
  readonly index: number;
  /** The field, in the content. */
  readonly path: string;
  /** What is wrong, where the field is named beside it. */
  readonly brief: string;
  /** What a write of this row alone is refused with. */
  readonly error: CastellanError;
}
