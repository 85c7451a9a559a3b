import { Injectable } from '@nestjs/common';
import { OAuthVault, textDigest, type ClientPlace } from '@castellan/keys';
import {
  ChoreStore,
  OAuthClientStore,
  toOrganisationId,
  type ChoreRow,
  type OrganisationId,
} from '@castellan/persistence';
import { readClient } from '@castellan/tyk';
import { ChoreRunner } from '../chores/chore-runner';
import { nodeText, storedClient } from './oauth-client-content';
import { OAuthTokens } from './oauth-tokens';

type Place = ClientPlace & { readonly organisation: OrganisationId };

/**
 * Brings OAuth clients to the nodes' Redis, and takes them away with all that they have. Two replicas may bring two changes of one
 * client at the same time. The later change is the one that stays: a text is only put in the place of what was there before it was
 * known that no later change has come.
 */
@Injectable()
export class OAuthKeeper {
  constructor(
    private readonly vault: OAuthVault,
    private readonly tokens: OAuthTokens,
    private readonly clients: OAuthClientStore,
    private readonly chores: ChoreStore,
    runner: ChoreRunner,
  ) {
    const whenOutrun = (chore: ChoreRow): Promise<void> => this.bringWhatStands(placeOf(chore));
    runner.assign('oauth.put', { does: (chore) => this.put(chore), whenOutrun });
    runner.assign('oauth.remove', { does: (chore) => this.remove(chore), whenOutrun });
    runner.assign('oauth-look.again', { does: (chore) => this.lookAgain(chore) });
    runner.assign('oauth.clear', { does: (chore) => this.clear(chore) });
  }

  private async put(chore: ChoreRow): Promise<null> {
    const place = placeOf(chore);
    for (;;) {
      const found = await this.vault.readClient(place.apiId, place.clientId);
      // After Redis was read: the text of a change that is committed later is then not what was found.
      if (!isAsItWas(chore, found) && !(await this.chores.isCurrent(chore))) return null;
      if (await this.vault.swapClient(place, found, chore.text)) break;
    }
    await this.vault.listClient(place, chore.text);
    return null;
  }

  private async remove(chore: ChoreRow): Promise<null> {
    const place = placeOf(chore);
    for (;;) {
      const found = await this.vault.readClient(place.apiId, place.clientId);
      if (found === null) break;
      // Another one may have been made by the same id since somebody else has done this.
      if (!(await this.chores.isCurrent(chore))) return null;
      // The client first: from then on no node gives it another token.
      if (await this.vault.dropClient(place, found)) break;
    }
    await this.endOf(place);
    return null;
  }

  /**
   * Has Redis say what the row says, with the secret that is there: whatever came later knew of it. A client that was not there has
   * nothing that could be told from another one, so one that was deleted while it was made may have come back.
   */
  private async bringWhatStands(place: Place): Promise<void> {
    const { organisation, apiId, clientId } = place;
    for (;;) {
      const found = await this.vault.readClient(apiId, clientId);
      const row = await this.clients.byClientId(organisation, apiId, clientId);
      if (row === null) {
        if (found !== null && !(await this.vault.dropClient(place, found))) continue;
        await this.endOf(place);
        if ((await this.clients.byClientId(organisation, apiId, clientId)) === null) return;
        continue;
      }
      const secret = readClient(found ?? '')?.secret;
      // Redis has lost it, or has not got it yet.
      if (secret === undefined) return;
      const text = nodeText(storedClient(row, secret));
      if (text !== found && !(await this.vault.swapClient(place, found, text))) continue;
      return this.vault.listClient(place, text);
    }
  }

  /** For a replica that has died just after it had brought an old text, and before it saw that there was a later change. */
  private async lookAgain(chore: ChoreRow): Promise<string | null> {
    if ((await this.chores.about('oauth.put', chore.about)) !== null) return 'Another change of it is on its way';
    const place = placeOf(chore);
    // What is gone from Redis is as it should be, or lost; so nothing is walked over for it.
    if ((await this.vault.readClient(place.apiId, place.clientId)) !== null) await this.bringWhatStands(place);
    return null;
  }

  private async endOf(place: Place): Promise<void> {
    await this.vault.unlistClient(place);
    await this.tokens.endOfClient(place.organisation, place.apiId, place.clientId);
  }

  private async clear({ orgId, about: [apiId = ''] }: ChoreRow): Promise<null> {
    await this.tokens.clear(toOrganisationId(orgId), apiId);
    return null;
  }
}

/** Whether Redis has what it had when the change was made, so that nobody has brought a later one. */
const isAsItWas = ({ over = '' }: ChoreRow, found: string | null): boolean =>
  found === null || textDigest(found) === over;

const placeOf = ({ orgId, about: [apiId = '', clientId = ''] }: ChoreRow): Place => ({
  organisation: toOrganisationId(orgId),
  apiId,
  clientId,
});
