import { Injectable } from '@nestjs/common';
import {
  ChangeRecorder,
  OrganisationStore,
  toObjectId,
  UserStore,
  type ChangeContext,
  type UnitOfWork,
  type UserRow,
} from '@castellan/persistence';
import { hashPassword } from '../auth/passwords';
import { accessKeyHash, newAccessKey } from '../auth/secrets';
import { userDraft } from '../users/user-content';
import type { FoundingInput } from './setup.dto';

const grants = { IsAdmin: 'admin', ResetPassword: 'admin' } as const;

/** Makes an organisation together with its administrator: both, or neither. */
@Injectable()
export class FoundingService {
  constructor(
    private readonly changes: ChangeRecorder,
    private readonly organisations: OrganisationStore,
    private readonly users: UserStore,
  ) {}

  /**
   * @param context its organisation is the id that the new one gets
   * @param first done in the same unit of work, before anything is written
   * @returns the administrator, and the access key, which is nowhere to be had after this
   */
  async found(
    context: ChangeContext,
    input: FoundingInput,
    first: (unit: UnitOfWork) => Promise<void>,
  ): Promise<{ user: UserRow; accessKey: string }> {
    const accessKey = newAccessKey();
    const passwordHash = input.password ? await hashPassword(input.password) : '';
    const user = await this.changes.commit(context, async (unit) => {
      await first(unit);
      await this.organisations.insert(unit, {
        _id: toObjectId(context.organisation),
        document: JSON.stringify({ owner_name: input.owner_name, owner_slug: input.owner_slug ?? '' }),
        name: input.owner_name,
        slug: input.owner_slug ?? '',
        requireIfMatch: false,
        allowDuplicateSlugs: false,
        allowDuplicatePaths: false,
        allowUnknownApis: false,
        enableOwnership: false,
      });
      const { first_name = '', last_name = '', email_address } = input;
      const fields = { first_name, last_name, email_address };
      const state = { fields, grants, groupIds: [], accessKeyHash: accessKeyHash(accessKey), passwordHash };
      return this.users.insert(unit, userDraft(state, null));
    });
    return { user, accessKey };
  }
}
