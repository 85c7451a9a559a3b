import { Injectable } from '@nestjs/common';
import {
  OrganisationStore,
  UserStore,
  type ChangeContext,
  type UnitOfWork,
  type UserRow,
} from '@castellan/persistence';
import { hashPassword } from '../auth/passwords';
import { accessKeyHash, newAccessKey } from '../auth/secrets';
import { explainingTakenSlug, organisationDraft } from '../organisations/organisation-draft';
import { ResourceTools } from '../resources/resource-tools';
import { userDraft } from '../users/user-content';
import type { FoundingInput } from './setup.dto';

const grants = { IsAdmin: 'admin', ResetPassword: 'admin' } as const;

/** Makes an organisation together with its administrator: both, or neither. */
@Injectable()
export class FoundingService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly organisations: OrganisationStore,
    private readonly users: UserStore,
  ) {}

  /**
   * @param context its organisation is the id that the new one gets
   * @param first done in the same unit of work, before anything is written
   * @throws Conflict for an `owner_slug` that another organisation has
   * @returns the administrator, and the access key, which is nowhere to be had after this
   */
  async found(
    context: ChangeContext,
    input: FoundingInput,
    first: (unit: UnitOfWork) => Promise<void>,
  ): Promise<{ user: UserRow; accessKey: string }> {
    const accessKey = newAccessKey();
    const passwordHash = input.password ? await hashPassword(input.password) : '';
    const found = async (unit: UnitOfWork): Promise<UserRow> => {
      await first(unit);
      const { owner_name, owner_slug = '' } = input;
      await this.organisations.insert(
        unit,
        await organisationDraft(context.organisation, { owner_name, owner_slug }, null),
      );
      const { first_name = '', last_name = '', email_address } = input;
      const fields = { first_name, last_name, email_address };
      const state = { fields, grants, groupIds: [], accessKeyHash: accessKeyHash(accessKey), passwordHash };
      return this.users.insert(unit, userDraft(state, null));
    };
    const explain = explainingTakenSlug(this.organisations, input.owner_slug);
    return { user: await this.tools.commit(context, found, explain), accessKey };
  }
}
