import { CastellanError } from '@castellan/dto';
import { DuplicateKey, type ImportStepRow, type OrganisationId, type UnitOfWork } from '@castellan/persistence';
import type { PlannedResource } from './plan';
import type { TransferKinds } from './transfer-kinds';

/** One thing that an import does; everything that there is to know of it, so that any replica can do it at any time. */
export type Step = Omit<ImportStepRow, '_id' | 'importId' | 'ordinal'>;

export const stepOf = (resource: PlannedResource): Step => ({
  kind: resource.kind.name,
  resourceId: resource._id,
  path: resource.path ?? `${resource.kind.section} ${resource.key}`,
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
export const makeStep = async (kinds: TransferKinds, unit: UnitOfWork, step: Step): Promise<void> => {
  const kind = kinds.named(step.kind);
  try {
    if (step.draft === null) await kind.remove(unit, step.resourceId);
    else await kind.put(unit, step.draft, step.version);
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
  const said = await kinds.named(step.kind).explain(cause, organisation);
  if (!(said instanceof CastellanError)) return said;
  const { status, code, message, errors, meta } = said;
  const named = errors.length === 0 ? [{ path: step.path, message }] : errors;
  return new CastellanError(status, code, `${step.path}: ${message}`, { errors: named, meta, cause });
};

/** Lets go of everything that these steps are about to move from one resource to another. */
export const release = async (
  kinds: TransferKinds,
  { organisation, session }: UnitOfWork,
  steps: readonly Pick<Step, 'kind' | 'resourceId'>[],
): Promise<void> => {
  for (const kind of kinds.all) {
    const ids = steps.filter((step) => step.kind === kind.name).map(({ resourceId }) => resourceId);
    await kind.release(organisation, ids, session);
  }
};
