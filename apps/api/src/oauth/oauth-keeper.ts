import { Injectable } from '@nestjs/common';
import { OAuthVault } from '@castellan/keys';
import { toOrganisationId, type ChoreRow } from '@castellan/persistence';
import { ChoreRunner } from '../chores/chore-runner';
import { OAuthTokens } from './oauth-tokens';

/** Brings OAuth clients to the nodes' Redis, and takes them away with all that they have. */
@Injectable()
export class OAuthKeeper {
  constructor(
    private readonly vault: OAuthVault,
    private readonly tokens: OAuthTokens,
    runner: ChoreRunner,
  ) {
    runner.assign('oauth.put', (chore) => this.put(chore));
    runner.assign('oauth.remove', (chore) => this.remove(chore));
    runner.assign('oauth.clear', (chore) => this.clear(chore));
  }

  private async put({ orgId, about: [apiId = '', clientId = ''], text }: ChoreRow): Promise<null> {
    await this.vault.putClient(toOrganisationId(orgId), apiId, clientId, text);
    return null;
  }

  private async remove({ orgId, about: [apiId = '', clientId = ''] }: ChoreRow): Promise<null> {
    const organisation = toOrganisationId(orgId);
    // The client first: from then on no node gives it another token.
    await this.vault.removeClient(organisation, apiId, clientId);
    await this.tokens.endOfClient(organisation, apiId, clientId);
    return null;
  }

  private async clear({ orgId, about: [apiId = ''] }: ChoreRow): Promise<null> {
    await this.tokens.clear(toOrganisationId(orgId), apiId);
    return null;
  }
}
