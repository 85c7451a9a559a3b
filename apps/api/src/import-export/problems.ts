import { CastellanError, Conflict, ValidationFailed, type ErrorCode, type FieldError } from '@castellan/dto';

/** Of the problems of an import, so many are said at once. */
const most = 200;

interface Problem extends FieldError {
  readonly code: ErrorCode;
  readonly meta: unknown;
}

/** Collects what is wrong with a document, so that all of it can be said at once. */
export class Problems {
  private readonly found: Problem[] = [];
  private total = 0;

  get any(): boolean {
    return this.total > 0;
  }

  add(path: string, message: string, code: ErrorCode = 'validation_failed', meta: unknown = null): void {
    this.total += 1;
    if (this.found.length < most) this.found.push({ path, message, code, meta });
  }

  /** Adds what was thrown about the entry at a path. @throws what is nobody's mistake */
  addError(path: string, error: unknown): void {
    if (!(error instanceof CastellanError) || error.status >= 500) throw error;
    if (error.errors.length === 0) this.add(path, error.message, error.code, error.meta);
    for (const { path: field, message } of error.errors) {
      this.add(field === 'body' || field === '' ? path : `${path}.${field}`, message, error.code, error.meta);
    }
  }

  /** @throws ValidationFailed, or Conflict when nothing is wrong but what is in the way */
  throwIfAny(): void {
    const [first] = this.found;
    if (first === undefined) return;
    const errors = this.found.map(({ path, message }) => ({ path, message }));
    const more = this.total > 1 ? ` (and ${this.total - 1} more)` : '';
    const said = `${first.path}: ${first.message}${more}`;
    const invalid = this.found.find(({ code }) => code === 'validation_failed' || code === 'limit_reached');
    if (invalid === undefined) throw new Conflict(first.code, said, { errors, meta: first.meta });
    throw new ValidationFailed(errors, said);
  }
}
