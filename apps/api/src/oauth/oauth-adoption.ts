import { Inject, Injectable } from '@nestjs/common';
import { OAuthVault } from '@castellan/keys';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import { ChoreStore, newObjectId, OAuthClientStore, type OrganisationId } from '@castellan/persistence';
import { readClient } from '@castellan/tyk';
import { isOutage } from '../http/outage';
import { clientDraft } from './oauth-client-content';

/** As many as an API may have. */
export const mostClients = 10_000;

/** Knows of the OAuth clients that nodes were given by their own API. */
@Injectable()
export class OAuthAdoption {
  constructor(
    private readonly clients: OAuthClientStore,
    private readonly chores: ChoreStore,
    private readonly vault: OAuthVault,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Notes clients that nodes were given by their own API. While Redis is away, what is known has to do.
   *
   * @param found what nodes list, where that is known
   * @returns whether there was one that was not known
   */
  async adopt(organisation: OrganisationId, apiId: string, found: readonly string[] | null = null): Promise<boolean> {
    try {
      const listed = found ?? (await this.listed(organisation, apiId));
      if (listed.length === 0) return false;
      const known = await this.clients.findAll(organisation, { apiId, clientId: { $in: [...listed] } });
      const names = new Set(known.map(({ clientId }) => clientId));
      const unknown = listed.filter((clientId) => !names.has(clientId));
      for (const clientId of unknown) await this.adoptOne(organisation, apiId, clientId);
      return unknown.length > 0;
    } catch (error) {
      this.passOver(error);
      return false;
    }
  }

  /** The clients of an API that nodes have; none while Redis is away. */
  async listed(organisation: OrganisationId, apiId: string): Promise<readonly string[]> {
    try {
      return await this.vault.listed(organisation, apiId, mostClients);
    } catch (error) {
      this.passOver(error);
      return [];
    }
  }

  /** @throws what is no outage */
  private passOver(error: unknown): void {
    if (!isOutage(error)) throw error;
    this.logger.warn({ err: error }, 'The Redis of the nodes cannot be asked for OAuth clients');
  }

  private async adoptOne(organisation: OrganisationId, apiId: string, clientId: string): Promise<void> {
    if ((await this.chores.about('oauth.remove', [apiId, clientId])) !== null) return;
    const client = readClient((await this.vault.readClient(apiId, clientId)) ?? '');
    if (client?.clientId !== clientId) return;
    const draft = clientDraft(newObjectId(), apiId, { ...client, name: '', secretSince: '' });
    await this.clients.adopt(organisation, draft, this.clock.now());
  }
}
