import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { NotFound, ValidationFailed } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import {
  OrganisationStore,
  SignInStore,
  toOrganisationId,
  UserGroupStore,
  UserStore,
  type ChangeContext,
  type SignInRow,
  type UserRow,
} from '@castellan/persistence';
import { isJsonObject, numberAt, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import { hashPassword, isPassword } from '../auth/passwords';
import { ResourceTools } from '../resources/resource-tools';
import { passwordFault } from './password-policy';

const dayMs = 24 * 3_600_000;

const documentOf = ({ document }: Pick<UserRow, 'document'>): JsonObject => {
  const content = parseJson(document);
  return isJsonObject(content) ? content : {};
};

/** Passwords of users: whether a new one is good enough, whether one is too old, and how one is set. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly users: UserStore,
    private readonly groups: UserGroupStore,
    private readonly signIns: SignInStore,
    private readonly organisations: OrganisationStore,
    private readonly tools: ResourceTools,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * Refuses a new password that is too short, is guessed easily, or was there before.
   *
   * @param field where it stands in the body, for the error
   * @throws ValidationFailed
   */
  async requireGood(password: string, user: UserRow, signIn: SignInRow, field: string): Promise<void> {
    if (user.service === true)
      throw new ValidationFailed([{ path: field, message: 'is nothing for a service account' }]);
    const organisation = await this.organisations.byId(toOrganisationId(user.orgId));
    const document = documentOf(user);
    const names = [textAt(document, 'first_name'), textAt(document, 'last_name'), organisation?.name ?? ''];
    this.requireStrong(password, [user.email, ...names], field);
    for (const earlier of this.earlierOf(user, signIn)) {
      if (await isPassword(earlier, password)) {
        throw new ValidationFailed([{ path: field, message: 'was your password before; take another one' }]);
      }
    }
  }

  /** The part of it that asks nothing of the database. @throws ValidationFailed */
  requireStrong(password: string, known: readonly string[], field: string): void {
    const { passwordLength: length, passwordStrength: strength } = this.config;
    const fault = passwordFault(password, { length, strength }, known);
    if (fault !== null) throw new ValidationFailed([{ path: field, message: fault }]);
  }

  /** Sets a password when it is good enough. @throws ValidationFailed, naming `new_password` */
  async replace(context: ChangeContext, user: UserRow, password: string): Promise<void> {
    await this.requireGood(password, user, await this.signIns.of(user._id), 'new_password');
    await this.set(context, user, password);
  }

  /**
   * Sets a password that was found good.
   *
   * @throws NotFound when the user is gone meanwhile
   */
  async set(context: ChangeContext, { _id, orgId }: UserRow, password: string): Promise<void> {
    const passwordHash = await hashPassword(password);
    const organisation = toOrganisationId(orgId);
    await this.tools.commit({ ...context, organisation }, async (unit) => {
      const user = await this.users.findById(organisation, _id, unit.session);
      if (user === null) throw new NotFound('Could not retrieve user detail');
      const signIn = await this.signIns.of(_id, unit.session);
      const changed = { ...documentOf(user), password_updated: unit.at.toISOString() };
      await this.users.replace(unit, user, { ...user, document: JSON.stringify(changed), passwordHash });
      const formerPasswords = this.earlierOf(user, signIn);
      await this.signIns.set(_id, { passwordChangedAt: unit.at, formerPasswords }, unit.session);
    });
  }

  /** Whether the password is older than the installation, the user's own rule, or that of a group, allows. */
  async isTooOld(user: UserRow, { passwordChangedAt = user.createdAt }: SignInRow): Promise<boolean> {
    const groups = await this.groups.named(toOrganisationId(user.orgId), user.groupIds ?? []);
    const ruling = [documentOf(user), ...groups.filter(({ active }) => active).map(documentOf)];
    const days = ruling.map((document) => numberAt(document, 'password_max_days'));
    const limits = [...days, this.config.passwordMaxDays].filter((limit) => limit > 0);
    return limits.length > 0 && this.clock.millis() - passwordChangedAt.getTime() > Math.min(...limits) * dayMs;
  }

  /**
   * The hashes that may not come again. The present one is among them once somebody has come in with it: scripts that set
   * up an installation give the first user the same password twice.
   */
  private earlierOf({ passwordHash }: UserRow, { formerPasswords = [], lastLoginAt }: SignInRow): readonly string[] {
    const present = passwordHash === '' || lastLoginAt === undefined ? [] : [passwordHash];
    return [...present, ...formerPasswords].slice(0, this.config.passwordHistory);
  }
}
