import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, NotFound, ValidationFailed } from '@castellan/dto';
import {
  DuplicateKey,
  newObjectId,
  OrganisationStore,
  toObjectId,
  toOrganisationId,
  UserStore,
  type OrganisationId,
  type Place,
  type UnitOfWork,
  type UserRow,
} from '@castellan/persistence';
import { givesSomething, type Grants } from '@castellan/rbac';
import { hashPassword } from '../auth/passwords';
import { accessKeyHash, newAccessKey } from '../auth/secrets';
import { pageCount } from '../http/paging';
import type { AdminContext } from '../http/request-context';
import { ResourceTools } from '../resources/resource-tools';
import type { UserDto, UserInput, UserListDto } from './user.dto';

interface StoredUser {
  readonly first_name: string;
  readonly last_name: string;
}

@Injectable()
export class UsersService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly users: UserStore,
    private readonly organisations: OrganisationStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    tools.addStore(users);
  }

  /** The users of an organisation, or of all. */
  async list(
    place: Place,
    organisation: OrganisationId | undefined,
  ): Promise<{ readonly list: UserListDto; readonly next: string | null }> {
    const { pageSize } = this.config;
    const piece = { sort: { createdAt: 1, _id: 1 }, place, pageSize } as const;
    const { rows, total, next } = await (organisation === undefined
      ? this.users.pageOfAll(piece)
      : this.users.page(organisation, piece));
    return { list: { users: rows.map((row) => present(row)), pages: pageCount(total, place, pageSize) }, next };
  }

  /** @throws NotFound */
  async get(id: string): Promise<{ readonly version: number; readonly user: UserDto }> {
    const organisation = await this.users.organisationOf(id);
    const row = organisation === null ? null : await this.users.findOne(organisation, { _id: toObjectId(id) });
    if (row === null) throw new NotFound('Could not retrieve user detail');
    return { version: row.version, user: present(row) };
  }

  /** Makes a user and its access key, which is nowhere to be had after this. */
  async create(context: AdminContext, input: UserInput): Promise<{ accessKey: string; user: UserDto }> {
    const organisation = toOrganisationId(input.org_id);
    const accessKey = newAccessKey();
    const passwordHash = input.password ? await hashPassword(input.password) : '';
    try {
      const row = await this.tools.recorder.commit(context.in(organisation), async (unit) => {
        await this.requireOrganisation(organisation, unit);
        const grants = await this.grantsOf(input, organisation, unit);
        return this.users.insert(unit, {
          _id: newObjectId(),
          document: JSON.stringify(contentOf(input, grants)),
          email: input.email_address.toLowerCase(),
          active: input.active ?? true,
          accessKeyHash: accessKeyHash(accessKey),
          passwordHash,
          grants,
        });
      });
      return { accessKey, user: present(row, accessKey) };
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      // Bootstrap scripts take 403 with this text for "exists already" (docs/tyk/clients.md#bootstrap-scripts).
      throw new CastellanError(403, 'email_conflict', 'User email already exists for this Org', { cause: error });
    }
  }

  private async requireOrganisation(organisation: OrganisationId, { session }: UnitOfWork): Promise<void> {
    if ((await this.organisations.byId(organisation, session)) !== null) return;
    throw new ValidationFailed([{ path: 'org_id', message: 'no such organisation' }]);
  }

  /** The first user of an organisation may come without rights and then is its administrator; nobody else does. */
  private async grantsOf(
    { user_permissions: permissions }: UserInput,
    organisation: OrganisationId,
    { session }: UnitOfWork,
  ): Promise<Grants> {
    const grants = Object.fromEntries(Object.entries(permissions ?? {}).map(toGrant));
    if (givesSomething(grants)) return grants;
    if (permissions == null && (await this.users.count(organisation, {}, session)) === 0) {
      return { IsAdmin: 'admin', ResetPassword: 'admin' };
    }
    const message = 'To create a user specify at least one permission, or make them an admin.';
    throw new ValidationFailed([{ path: 'user_permissions', message }], message);
  }
}

const toGrant = ([name, value]: [string, unknown]): [string, string] => {
  if (typeof value === 'string') return [name, value];
  throw new ValidationFailed([{ path: `user_permissions.${name}`, message: 'must be text, such as "read"' }]);
};

const contentOf = (input: UserInput, grants: Grants): object => ({
  first_name: input.first_name ?? '',
  last_name: input.last_name ?? '',
  email_address: input.email_address,
  active: input.active ?? true,
  user_permissions: grants,
});

const present = (row: UserRow, accessKey = ''): UserDto => {
  const stored = JSON.parse(row.document) as StoredUser;
  return {
    api_model: {},
    first_name: stored.first_name,
    last_name: stored.last_name,
    email_address: row.email,
    org_id: row.orgId.toString(),
    active: row.active,
    id: row._id.toString(),
    access_key: accessKey,
    user_permissions: row.grants,
    created_at: row.createdAt.toISOString(),
  };
};
