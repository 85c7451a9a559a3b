import { Injectable } from '@nestjs/common';
import { CastellanError } from '@castellan/dto';
import { ChangeRecorder, type ActContext } from '@castellan/persistence';
import { OperatorSecretsReader } from '../auth/operator-secrets-reader';

/** What the operator tells the installation itself. */
@Injectable()
export class InstallationService {
  constructor(
    private readonly secrets: OperatorSecretsReader,
    private readonly changes: ChangeRecorder,
  ) {}

  /** Reads again what may have changed in files. @throws CastellanError 409 when a file is wrong; what was good stays so */
  async readAgain(context: ActContext): Promise<void> {
    try {
      this.secrets.read();
    } catch (cause) {
      const message =
        'CASTELLAN_ADMIN_SECRETS_FILE cannot be read or is wrong, and what was good stays so; the log says more';
      throw new CastellanError(409, 'not_configured', message, { cause });
    }
    await this.changes.recordAct(context);
  }
}
