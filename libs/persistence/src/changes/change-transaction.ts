import type { ClientSession, Types } from 'mongoose';
import type { Operation } from './rows';
import type { ResourceKindName, ResourceRow } from '../resources/resource-row';
import type { ChangeContext } from './change-context';

/** What the recorder is told about one resource. */
export interface Change {
  readonly kind: ResourceKindName;
  readonly id: Types.ObjectId;
  readonly operation: Operation;
  /** The version after the change; a deletion takes one too. */
  readonly version: number;
  readonly before: string | null;
  readonly after: string | null;
  /** Digest of the state after, or of the last state on a deletion. */
  readonly digest: string;
  /** Commands for the nodes; empty when the change does not concern them. */
  readonly commands: readonly string[];
  /** The row that stood there before, for those who may have to put it back; null when there was none. */
  readonly replaced: ResourceRow | null;
}

/** One running transaction and what has been changed in it so far. Only the recorder makes one. */
export class ChangeTransaction {
  readonly changes: Change[] = [];

  constructor(
    readonly session: ClientSession,
    readonly context: ChangeContext,
    readonly at: Date,
  ) {}

  /** The operation that the revision should bear instead of plain `update` or `create`. */
  operationName: Operation | null = null;

  record(change: Change): void {
    this.changes.push(this.operationName === null ? change : { ...change, operation: this.operationName });
  }
}
