import { CastellanError } from '@castellan/dto';
import { DuplicateKey, type ImportStepRow, type OrganisationId } from '@castellan/persistence';
import type { ResourceTransaction } from '../resources/resource-transaction';
import { sectionNames, type TransferKind } from './kinds/kind';
import type { TransferKinds } from './kinds/kinds';
import type { PlannedResource } from './plan';

/** One thing that an import does; everything that there is to know of it, so that any replica can do it at any time. */
export type Step = Omit<ImportStepRow, '_id' | 'importId' | 'ordinal'>;

export const kindOf = (kinds: TransferKinds, rowKind: string): TransferKind => {
  const name = sectionNames.find((section) => kinds[section].rowKind === rowKind);
  if (name === undefined) throw new TypeError(`Imports know no ${rowKind}`);
  return kinds[name];
};

export const stepOf = (kinds: TransferKinds, resource: PlannedResource): Step => ({
  kind: kinds[resource.section].rowKind,
  resourceId: resource._id,
  path: resource.path ?? `${resource.section} ${resource.key}`,
  draft: resource.draft,
  version: resource.version,
  released: resource.released,
});

/** Why an import ended that nobody refused. */
export const unknownRefusal = {
  status: 500,
  code: 'internal',
  message: 'Internal error',
  errors: [],
  meta: null,
} as const;

/** A step that was refused: by a rule, or by a unique index. */
class StepRefused extends Error {
  constructor(
    readonly step: Step,
    override readonly cause: CastellanError | DuplicateKey,
  ) {
    super(`${step.path} was refused`);
  }
}

/** Makes one step of an import. @throws StepRefused */
export const makeStep = async (kinds: TransferKinds, transaction: ResourceTransaction, step: Step): Promise<void> => {
  const kind = kindOf(kinds, step.kind);
  try {
    if (step.draft === null) await kind.remove(transaction, step.resourceId);
    else await kind.put(transaction, step.draft, step.version);
  } catch (error) {
    // Anything else may be a reason to try the transaction again, which the driver has to see.
    if (error instanceof CastellanError || error instanceof DuplicateKey) throw new StepRefused(step, error);
    throw error;
  }
};

/** The refusal as callers see it, with the place in the document. Looks up what is in the way, so the transaction has to be over. */
export const explainRefusal = async (
  kinds: TransferKinds,
  error: unknown,
  organisation: OrganisationId,
): Promise<unknown> => {
  if (!(error instanceof StepRefused)) return error;
  const { step, cause } = error;
  const said = await kindOf(kinds, step.kind).explain(cause, organisation);
  if (!(said instanceof CastellanError)) return said;
  const { status, code, message, errors, meta } = said;
  const named = errors.length === 0 ? [{ path: step.path, message }] : errors;
  return new CastellanError(status, code, `${step.path}: ${message}`, { errors: named, meta, cause });
};

/** Lets go of everything that steps are about to move from one resource to another. */
export const release = async (
  kinds: TransferKinds,
  transaction: ResourceTransaction,
  steps: readonly Step[],
): Promise<void> => {
  for (const name of sectionNames) {
    const kind = kinds[name];
    const ids = steps.filter((step) => step.kind === kind.rowKind && step.released !== null);
    await kind.release(
      transaction.organisation,
      ids.map(({ resourceId }) => resourceId),
      transaction.session,
    );
  }
};
