import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Forbidden, NotFound, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  isObjectIdText,
  newObjectId,
  toObjectId,
  UserGroupStore,
  type Draft,
  type IdentityProviderRow,
  type OrganisationId,
  type UnitOfWork,
} from '@castellan/persistence';
import { isAdmin } from '@castellan/rbac';
import { Sealer } from '../auth/sealed';
import type { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { ResourceTools } from '../resources/resource-tools';
import { IdentityProviderStore } from './identity-provider-store';
import type { IdentityProviderDto, IdentityProviderInput } from './identity-provider.dto';
import { sealedSecretOf, settingsOf } from './provider-settings';

/** More than anybody has; a list has no pages. */
const most = 50;
const mostMappings = 500;

/**
 * Providers of identities of one organisation. Whoever sets one up decides who may come in as whom, so it is for administrators
 * alone; a right for the section only shows them.
 */
@Injectable()
export class IdentityProvidersService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly providers: IdentityProviderStore,
    private readonly groups: UserGroupStore,
    private readonly sealer: Sealer,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    tools.addStore(providers);
  }

  async list(organisation: OrganisationId): Promise<readonly IdentityProviderRow[]> {
    const rows = await this.providers.findAll(organisation);
    return rows.sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
  }

  /** @throws NotFound */
  async get(organisation: OrganisationId, id: string): Promise<IdentityProviderRow> {
    const row = isObjectIdText(id) ? await this.providers.findById(organisation, toObjectId(id)) : null;
    if (row === null) throw missing();
    return row;
  }

  /** @throws Forbidden, ValidationFailed */
  async create(context: OrganisationContext, input: IdentityProviderInput): Promise<IdentityProviderRow> {
    requireAdministrator(context);
    return this.tools.recorder.commit(context, async (unit) => {
      if ((await this.providers.count(unit.organisation, {}, unit.session)) >= most) {
        throw new ValidationFailed([{ path: 'name', message: `there may be ${most} identity providers` }]);
      }
      return this.providers.insert(unit, await this.draft(unit, input, null));
    });
  }

  /** @throws Forbidden, NotFound, VersionMismatch, ValidationFailed */
  async update(
    context: OrganisationContext,
    id: string,
    input: IdentityProviderInput,
    precondition: Precondition,
  ): Promise<IdentityProviderRow> {
    requireAdministrator(context);
    return this.tools.recorder.commit(context, async (unit) => {
      const current = await unit.require(await this.find(unit, id), missing, precondition);
      return this.providers.replace(unit, current, await this.draft(unit, input, current));
    });
  }

  /** @throws Forbidden, NotFound, VersionMismatch */
  async remove(context: OrganisationContext, id: string, precondition: Precondition): Promise<void> {
    requireAdministrator(context);
    await this.tools.recorder.commit(context, async (unit) => {
      await this.providers.remove(unit, await unit.require(await this.find(unit, id), missing, precondition));
    });
  }

  private find({ organisation, session }: UnitOfWork, id: string): Promise<IdentityProviderRow | null> {
    return isObjectIdText(id) ? this.providers.findById(organisation, toObjectId(id), session) : Promise.resolve(null);
  }

  private async draft(
    unit: UnitOfWork,
    input: IdentityProviderInput,
    current: IdentityProviderRow | null,
  ): Promise<Draft<IdentityProviderRow>> {
    const id = current?._id ?? newObjectId();
    const mappings = await this.mappings(unit, input);
    const problem = issuerFault(input.issuer, this.config);
    if (problem !== null) throw new ValidationFailed([{ path: 'issuer', message: problem }]);
    const { name, active = true, client_secret: secret } = input;
    const kept = current === null ? '' : sealedSecretOf(current);
    const sealed = secret === undefined ? kept : secret === '' ? '' : this.sealer.seal(secret, id.toString());
    const document = {
      name,
      active,
      issuer: input.issuer,
      client_id: input.client_id,
      client_secret: sealed,
      scopes: input.scopes ?? 'openid email profile',
      id_token_alg: input.id_token_alg ?? 'RS256',
      groups_claim: input.groups_claim ?? '',
      group_mappings: mappings,
      default_groups: input.default_groups ?? [],
      create_users: input.create_users ?? false,
      link_users: input.link_users ?? false,
      trust_emails: input.trust_emails ?? false,
      use_userinfo: input.use_userinfo ?? false,
    };
    return { _id: id, name, active, document: JSON.stringify(document) };
  }

  /** @throws ValidationFailed for groups that the organisation does not have */
  private async mappings(
    { organisation, session }: UnitOfWork,
    { group_mappings: sent = {}, default_groups: defaults = [] }: IdentityProviderInput,
  ): Promise<Readonly<Record<string, string>>> {
    const entries = Object.entries(sent).map(
      ([value, group]) => [value, typeof group === 'string' ? group : ''] as const,
    );
    if (entries.length > mostMappings) {
      throw new ValidationFailed([{ path: 'group_mappings', message: `must have at most ${mostMappings} entries` }]);
    }
    const wanted = [...entries.map(([, group]) => group), ...defaults];
    const known = new Set((await this.groups.named(organisation, wanted, session)).map(({ _id }) => _id.toString()));
    const message = 'is no user group of the organisation';
    const problems = [
      ...entries.flatMap(([value, group]): FieldError[] =>
        known.has(group) ? [] : [{ path: `group_mappings.${value.slice(0, 100)}`, message }],
      ),
      ...defaults.flatMap((group, index): FieldError[] =>
        known.has(group) ? [] : [{ path: `default_groups[${index}]`, message }],
      ),
    ];
    if (problems.length > 0) throw new ValidationFailed(problems);
    return Object.fromEntries(entries);
  }
}

const missing = (): NotFound => new NotFound('Could not retrieve the identity provider');

const requireAdministrator = ({ user, request }: OrganisationContext): void => {
  if (!isAdmin(user.grants)) throw new Forbidden(request.path);
};

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** What is wrong with an issuer; null when nothing is. */
const issuerFault = (issuer: string, { oidcHttp }: Pick<ApiConfig, 'oidcHttp'>): string | null => {
  const url = URL.canParse(issuer) ? new URL(issuer) : null;
  if (url === null || url.search !== '' || url.hash !== '' || url.username !== '') {
    return 'must be an https:// URL without query, fragment and user';
  }
  if (url.protocol === 'https:') return null;
  const isAllowed = url.protocol === 'http:' && oidcHttp === 'loopback' && loopback.has(url.hostname);
  return isAllowed ? null : 'must be an https:// URL';
};

/** As replies show a provider. */
export const presentProvider = (row: IdentityProviderRow): IdentityProviderDto => {
  const id = row._id.toString();
  return {
    id,
    ...settingsOf(row),
    has_client_secret: sealedSecretOf(row) !== '',
    login_path: `/sso/oidc/${id}/login`,
    callback_path: callbackPath(id),
    backchannel_logout_path: `/sso/oidc/${id}/backchannel-logout`,
  };
};

export const callbackPath = (id: string): string => `/sso/oidc/${id}/callback`;
