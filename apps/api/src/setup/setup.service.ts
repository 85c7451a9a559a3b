import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict } from '@castellan/dto';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  DuplicateKey,
  InstallationStore,
  newObjectId,
  OrganisationStore,
  toOrganisationId,
  type ChangeContext,
} from '@castellan/persistence';
import { FailedAttempts } from '../auth/attempts';
import { equalSecrets } from '../auth/secrets';
import { PasswordsService } from '../sessions/passwords.service';
import type { Visitor } from '../sessions/visitor';
import { FoundingService } from './founding.service';
import type { FoundingInput, SetupInput } from './setup.dto';
import { setupTokenOf } from './setup-token';

type Founded = Awaited<ReturnType<FoundingService['found']>>;

const closed = (): Conflict => new Conflict('set_up_already', 'The installation has been set up already');

/** The first run: once in the life of an installation somebody with the token makes the first organisation. */
@Injectable()
export class SetupService implements OnApplicationBootstrap {
  constructor(
    private readonly installation: InstallationStore,
    private readonly organisations: OrganisationStore,
    private readonly founding: FoundingService,
    private readonly passwords: PasswordsService,
    private readonly attempts: FailedAttempts,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Says the token where only those read it who run the installation. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      if (!(await this.isNeeded())) return;
      const setupToken = setupTokenOf(this.config.adminSecret);
      this.logger.warn({ setupToken }, 'Nobody has set up this installation yet');
    } catch (error) {
      // The database went away again at this very moment; that is for readiness to say.
      this.logger.warn({ err: error }, 'Whether the installation is set up could not be read');
    }
  }

  /** An installation that somebody has set up in another way needs it no more, and will not again. */
  async isNeeded(): Promise<boolean> {
    if (await this.installation.isSetUp()) return false;
    if (!(await this.organisations.isAny())) return true;
    await this.close();
    return false;
  }

  /**
   * @throws Conflict for ever after; Unauthorised, or CastellanError 429, for a wrong token; ValidationFailed
   */
  async setUp(visitor: Visitor, input: SetupInput): Promise<Founded> {
    if (!(await this.isNeeded())) throw closed();
    if (!equalSecrets(input.token, setupTokenOf(this.config.adminSecret))) {
      throw await this.attempts.refusal('admin', visitor.address);
    }
    const organisation = toOrganisationId(newObjectId());
    return this.found({ ...visitor.traceOf('Set Up', input.email_address), organisation }, input, true);
  }

  /** The same for the operator, who needs no token and may do it again. */
  async bootstrap(context: ChangeContext, input: FoundingInput): Promise<Founded> {
    return this.found(context, input, false);
  }

  private async found(context: ChangeContext, input: FoundingInput, isFirst: boolean): Promise<Founded> {
    const { password, email_address: email, owner_name: owner, first_name: first = '', last_name: last = '' } = input;
    if (password) this.passwords.requireStrong(password, [email, owner, first, last], 'password');
    try {
      return await this.founding.found(context, input, async ({ session, at }) => {
        const isSetUp = await this.installation.isSetUp(session);
        if (isSetUp && isFirst) throw closed();
        if (!isSetUp) await this.installation.closeSetUp(at, session);
      });
    } catch (error) {
      // Only the flag can be there before: everything else has an id that was made just now.
      throw error instanceof DuplicateKey ? closed() : error;
    }
  }

  private async close(): Promise<void> {
    try {
      await this.installation.closeSetUp(this.clock.now());
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }
}
