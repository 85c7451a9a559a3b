import { Injectable } from '@nestjs/common';
import { CastellanError } from '@castellan/dto';
import {
  toOrganisationId,
  UserGroupStore,
  UserStore,
  type ChangeContext,
  type IdentityProviderRow,
  type UnitOfWork,
  type UserRow,
} from '@castellan/persistence';
import { rightsOf } from '@castellan/rbac';
import { isJsonObject, parseJson } from '@castellan/tyk';
import { accessKeyHash, newAccessKey } from '../auth/secrets';
import { UserRights } from '../auth/user-rights';
import { normalisedEmail } from '../users/email-address';
import { userDraft } from '../users/user-content';
import { UsersService } from '../users/users.service';
import { groupsGiven, textClaim, verifiedEmail } from './claims';
import { settingsOf } from './provider-settings';

type Claims = Readonly<Record<string, unknown>>;

/** The groups were too many for a token: those that somebody has stay, and nobody goes where the token says to ask for them. */
export const groupsUnsaid = 'the provider does not say in the token which groups they are';

/** Somebody whom a provider has named cannot come in; the message is for the audit log. */
export class NotLetIn extends CastellanError {
  constructor(readonly why: string) {
    super(403, 'forbidden', 'Single sign-on does not let this user in');
  }
}

/** How a user is known at a provider. The provider's own id comes first, so that no two of them can mean the same. */
const identityOf = (provider: string, subject: string): string => `${provider} ${subject}`;

/**
 * Finds, links or makes the user whom a provider names, and gives the groups that the provider gives. Who somebody is there, the
 * subject says; an address only ever leads to a user who has no identity there yet, and only when the provider vouches for it.
 */
@Injectable()
export class ProvidedUsers {
  constructor(
    private readonly people: UsersService,
    private readonly users: UserStore,
    private readonly groups: UserGroupStore,
    private readonly rights: UserRights,
  ) {}

  /** @throws NotLetIn; Conflict when nobody could administer the organisation afterwards */
  async resolve(
    trace: Omit<ChangeContext, 'organisation'>,
    provider: IdentityProviderRow,
    claims: Claims,
  ): Promise<UserRow> {
    const context = {
      ...trace,
      organisation: toOrganisationId(provider.orgId),
      actor: { kind: 'system', id: '', name: `identity provider ${provider.name}`.slice(0, 254) },
    } as const;
    const user = await this.people.commit(context, async (unit) => {
      const found = await this.find(unit, provider, claims);
      return found === null ? this.make(unit, provider, claims) : this.update(unit, provider, found, claims);
    });
    if (!user.active || user.service === true) throw new NotLetIn('the user is inactive or a program');
    const { held } = await this.rights.of(user);
    if (rightsOf(held).length === 0) throw new NotLetIn('no group of the provider gives any right');
    return user;
  }

  /** The user of an identity; null for nobody. */
  ofSubject(provider: IdentityProviderRow, subject: string): Promise<UserRow | null> {
    const identity = identityOf(provider._id.toString(), subject);
    return this.users.findOne(toOrganisationId(provider.orgId), { identity });
  }

  private async find(unit: UnitOfWork, provider: IdentityProviderRow, claims: Claims): Promise<UserRow | null> {
    const { organisation, session } = unit;
    const settings = settingsOf(provider);
    const identity = identityOf(provider._id.toString(), textClaim(claims, 'sub'));
    const known = await this.users.findOne(organisation, { identity }, session);
    if (known !== null) return known;
    const email = addressIn(verifiedEmail(claims, settings));
    const named = email === null ? null : await this.users.findOne(organisation, { email }, session);
    if (named === null) return null;
    const isFree = named.identity === undefined && named.service !== true;
    if (settings.link_users && isFree) return named;
    throw new NotLetIn('another user of the organisation has the address');
  }

  private async make(unit: UnitOfWork, provider: IdentityProviderRow, claims: Claims): Promise<UserRow> {
    const settings = settingsOf(provider);
    if (!settings.create_users) throw new NotLetIn('nobody knows the user, and users are not made by logins');
    const email = addressIn(verifiedEmail(claims, settings));
    if (email === null) throw new NotLetIn('the provider does not vouch for an address');
    const given = groupsGiven(claims, settings);
    const groupIds = await this.existing(unit, given ?? settings.default_groups);
    if (groupIds.length === 0)
      throw new NotLetIn(given === null ? groupsUnsaid : 'no group of the provider is one here');
    const name = (claim: string): string => textClaim(claims, claim).slice(0, 200);
    const fields = { email_address: email, first_name: name('given_name'), last_name: name('family_name') };
    const state = { fields, grants: {}, groupIds, accessKeyHash: accessKeyHash(newAccessKey()), passwordHash: '' };
    const draft = userDraft(state, null);
    const identity = identified(draft, provider, claims, groupIds);
    return this.people.put(unit, null, { ...draft, ...identity }, { operation: 'create', version: 1 });
  }

  private async update(
    unit: UnitOfWork,
    provider: IdentityProviderRow,
    user: UserRow,
    claims: Claims,
  ): Promise<UserRow> {
    const { groups_claim: claim } = settingsOf(provider);
    const given = claim === '' ? [] : groupsGiven(claims, settingsOf(provider));
    const before = user.providedGroupIds ?? [];
    const provided = given === null ? before : await this.existing(unit, given);
    // Groups that people were given by hand are no business of the provider's.
    const byHand = (user.groupIds ?? []).filter((id) => !before.includes(id));
    const groupIds = [...new Set([...byHand, ...provided])];
    const changed = { ...user, groupIds, ...identified({ ...user, groupIds }, provider, claims, provided) };
    return this.people.put(unit, user, changed, { operation: 'update', version: 1 });
  }

  private async existing({ organisation, session }: UnitOfWork, ids: readonly string[]): Promise<readonly string[]> {
    return (await this.groups.named(organisation, ids, session)).map(({ _id }) => _id.toString());
  }
}

const addressIn = (text: string): string | null => {
  if (text === '') return null;
  try {
    return normalisedEmail(text);
  } catch {
    return null;
  }
};

const identified = (
  { document, groupIds = [] }: Pick<UserRow, 'document' | 'groupIds'>,
  provider: IdentityProviderRow,
  claims: Claims,
  provided: readonly string[],
): Pick<UserRow, 'document' | 'identity' | 'providedGroupIds'> => {
  const stored = parseJson(document);
  const content = isJsonObject(stored) ? stored : {};
  const identity = identityOf(provider._id.toString(), textClaim(claims, 'sub'));
  const groups = { group_ids: [...groupIds], provided_groups: [...provided] };
  return { document: JSON.stringify({ ...content, ...groups, identity }), identity, providedGroupIds: provided };
};
