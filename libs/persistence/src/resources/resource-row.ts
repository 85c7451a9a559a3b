import { Schema, type SchemaDefinition, type Types } from 'mongoose';

/** What every configuration resource has, whatever it is. */
export interface ResourceRow {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId;
  /** 1 on creation, one more on each change, never reused. */
  readonly version: number;
  /** The resource as JSON text: whatever was sent survives, names with dots, dollars and `__proto__` included (promise 10). */
  readonly document: string;
  /** sha256 of the canonical form of the document; equal digests mean nothing changed. */
  readonly digest: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The part of a row that the caller of a store decides; the rest is the store's. */
export type Draft<Row extends ResourceRow> = Omit<Row, 'orgId' | 'version' | 'digest' | 'createdAt' | 'updatedAt'>;

/** A row without its document. */
export type Head<Row extends ResourceRow> = Omit<Row, 'document'>;

export const resourceRowFields = {
  orgId: { type: Schema.Types.ObjectId, required: true },
  version: { type: Number, required: true },
  document: { type: String, required: true },
  digest: { type: String, required: true },
  createdAt: { type: Date, required: true },
  updatedAt: { type: Date, required: true },
} satisfies SchemaDefinition;

/** Rows are written whole and read lean; Mongoose adds nothing of its own. */
export const rowSchemaOptions = { versionKey: false, minimize: false, strict: 'throw' } as const;
