import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiListings } from '../apis/api-listings';
import { KindStores } from '../resources/kind-stores';
import { Owners } from './owners';
import { OwnershipGuard } from './ownership.guard';
import { Sights } from './sights';

/** Who sees and changes which APIs and policies, in organisations that let owners restrict it. */
@Module({
  providers: [ApiListings, KindStores, Owners, Sights, { provide: APP_GUARD, useClass: OwnershipGuard }],
  exports: [ApiListings, KindStores, Owners, Sights],
})
export class OwnershipModule {}
