import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, Forbidden, ValidationFailed, type CastellanError, type FieldError } from '@castellan/dto';
import {
  UserGroupStore,
  type Draft,
  type IdentityProviderRow,
  type OrganisationId,
  type UnitOfWork,
} from '@castellan/persistence';
import { ownField, textAt, type JsonObject } from '@castellan/tyk';
import { Sealer } from '../auth/sealed';
import { checkedAs } from '../http/validation.pipe';
import type { ReadScope } from '../resources/read-scope';
import { ResourceService } from '../resources/resource.service';
import { ResourceTools } from '../resources/resource-tools';
import type { Drafting, Obstacle, Wanted } from '../resources/wanted';
import { IdentityProviderStore } from './identity-provider-store';
import { IdentityProviderInput, type IdentityProviderDto } from './identity-provider.dto';
import { groupsNamedIn, providerDraft, sealedSecretOf, settingsOf } from './provider-settings';

/** More than anybody has; a list has no pages. */
const most = 50;
const mostMappings = 500;

/**
 * Providers of identities of one organisation. Whoever sets one up decides who may come in as whom, so it is for administrators
 * alone; a right for the section only shows them.
 */
@Injectable()
export class IdentityProvidersService extends ResourceService<IdentityProviderRow> {
  override readonly form = null;

  constructor(
    tools: ResourceTools,
    private readonly providers: IdentityProviderStore,
    private readonly groups: UserGroupStore,
    private readonly sealer: Sealer,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(tools, providers, 'Could not retrieve the identity provider');
  }

  async list(organisation: OrganisationId): Promise<readonly IdentityProviderRow[]> {
    const rows = await this.providers.findAll(organisation);
    return rows.sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
  }

  parse(body: unknown): JsonObject {
    return checkedAs(IdentityProviderInput, body);
  }

  async draft(
    scope: ReadScope,
    { content, id, current }: Drafting<IdentityProviderRow>,
  ): Promise<Draft<IdentityProviderRow>> {
    const problem = issuerFault(textAt(content, 'issuer'), this.config);
    await this.requireGroups(scope, content);
    if (problem !== null) throw new ValidationFailed([{ path: 'issuer', message: problem }]);
    const kept = current === null ? '' : sealedSecretOf(current);
    return providerDraft(id, content, this.sealed(content, id.toString(), kept));
  }

  /** A list has no pages, so there is an end to it. */
  override async check(
    { organisation, session }: ReadScope,
    wanted: readonly Wanted<IdentityProviderRow>[],
  ): Promise<readonly Obstacle[]> {
    const fresh = wanted.flatMap(({ current }, index) => (current === null ? [index] : []));
    if (fresh.length === 0) return [];
    const free = most - (await this.providers.count(organisation, {}, session));
    const brief = `there may be ${most} identity providers`;
    const error = new ValidationFailed([{ path: 'name', message: brief }]);
    return fresh.slice(Math.max(0, free)).map((index): Obstacle => ({ index, path: 'name', brief, error }));
  }

  /** @throws Forbidden */
  protected override mayWrite({ context }: UnitOfWork): Promise<void> {
    if (context.viewer !== undefined) throw new Forbidden(context.request.path);
    return Promise.resolve();
  }

  /** Ids are made here, so that none is taken. */
  protected conflict(): Promise<CastellanError> {
    return Promise.resolve(new Conflict('id_conflict', 'There is an identity provider with the same id'));
  }

  /** A secret that is not sent stays as it is, and an empty one is removed. @throws Conflict without a key to seal it with */
  private sealed(content: JsonObject, id: string, kept: string): string {
    const secret = ownField(content, 'client_secret') ?? null;
    if (typeof secret !== 'string') return kept;
    return secret === '' ? '' : this.sealer.seal(secret, id);
  }

  /** @throws ValidationFailed for groups that the organisation does not have */
  private async requireGroups({ organisation, session }: ReadScope, content: JsonObject): Promise<void> {
    const { mappings, defaults } = groupsNamedIn(content);
    if (mappings.length > mostMappings) {
      throw new ValidationFailed([{ path: 'group_mappings', message: `must have at most ${mostMappings} entries` }]);
    }
    const wanted = [...mappings.map(([, group]) => group), ...defaults];
    const known = new Set((await this.groups.named(organisation, wanted, session)).map(({ _id }) => _id.toString()));
    const message = 'is no user group of the organisation';
    const problems = [
      ...mappings.flatMap(([value, group]): FieldError[] =>
        known.has(group) ? [] : [{ path: `group_mappings.${value.slice(0, 100)}`, message }],
      ),
      ...defaults.flatMap((group, index): FieldError[] =>
        known.has(group) ? [] : [{ path: `default_groups[${index}]`, message }],
      ),
    ];
    if (problems.length > 0) throw new ValidationFailed(problems);
  }
}

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
