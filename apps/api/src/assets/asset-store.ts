import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { assetKind, ResourceStore, type AssetRow } from '@castellan/persistence';

@Injectable()
export class AssetStore extends ResourceStore<AssetRow> {
  constructor(@InjectModel(assetKind.name) model: Model<AssetRow>) {
    super(model, assetKind);
  }
}
