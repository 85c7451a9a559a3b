import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import {
  identityProviderKind,
  isObjectIdText,
  ResourceStore,
  toObjectId,
  type IdentityProviderRow,
} from '@castellan/persistence';

@Injectable()
export class IdentityProviderStore extends ResourceStore<IdentityProviderRow> {
  constructor(@InjectModel(identityProviderKind.name) model: Model<IdentityProviderRow>) {
    super(model, identityProviderKind);
  }

  /** The active provider of an id: whoever comes to log in does not say of which organisation. */
  async activeById(id: string): Promise<IdentityProviderRow | null> {
    if (!isObjectIdText(id)) return null;
    return this.model
      .findOne({ _id: toObjectId(id), active: true })
      .lean<IdentityProviderRow>()
      .exec();
  }
}
