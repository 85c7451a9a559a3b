import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model } from 'mongoose';
import type { Operation } from '../changes/rows';
import type { UnitOfWork } from '../changes/unit-of-work';
import type { OrganisationId } from '../ids';
import { oauthClientKind, type OAuthClientRow } from '../kinds/oauth-client.kind';
import { AdoptingStore } from './adopting-store';

/** OAuth clients. One that goes leaves the chore to take it, and its tokens, out of the nodes' Redis. */
@Injectable()
export class OAuthClientStore extends AdoptingStore<OAuthClientRow> {
  constructor(@InjectModel(oauthClientKind.name) model: Model<OAuthClientRow>) {
    super(model, oauthClientKind);
  }

  /** @param apiId every id of a client is one for itself in each API */
  async byClientId(
    organisation: OrganisationId,
    apiId: string,
    clientId: string,
    session: ClientSession | null = null,
  ): Promise<OAuthClientRow | null> {
    return this.findOne(organisation, { apiId, clientId }, session);
  }

  override async remove(unit: UnitOfWork, row: OAuthClientRow, operation: Operation = 'delete'): Promise<void> {
    await super.remove(unit, row, operation);
    unit.leave({ job: 'oauth.remove', about: [row.apiId, row.clientId], text: '' });
  }

  /** Removes all clients of an API that goes, and whatever nodes have noted of others. */
  async removeOfApi(unit: UnitOfWork, apiId: string): Promise<void> {
    for (const row of await this.findAll(unit.organisation, { apiId }, unit.session)) await this.remove(unit, row);
    unit.leave({ job: 'oauth.clear', about: [apiId], text: '' });
  }
}
