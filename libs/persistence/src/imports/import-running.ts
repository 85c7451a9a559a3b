import { Conflict } from '@castellan/dto';

/** Seconds after which whoever was refused may try again: most imports are over by then. */
const retryAfter = 5;

/** 409: a large import is being applied to the organisation. The same request succeeds when it is over. */
export class ImportRunning extends Conflict {
  constructor(message: string, meta: unknown = null) {
    super('import_running', message, { meta, headers: { 'retry-after': String(retryAfter) } });
  }
}
