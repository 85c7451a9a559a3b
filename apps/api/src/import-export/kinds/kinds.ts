import type { SectionName, TransferKind } from './kind';

/** Injection token of the kinds of resources that exports and imports know. */
export const TRANSFER_KINDS = Symbol('TRANSFER_KINDS');

export type TransferKinds = Readonly<Record<SectionName, TransferKind>>;
