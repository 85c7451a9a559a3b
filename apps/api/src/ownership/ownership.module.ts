import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiListings } from '../apis/api-listings';
import { AuthModule } from '../auth/auth.module';
import { KindStores } from '../resources/kind-stores';
import { Owners } from './owners';
import { ActingGuard } from './acting.guard';
import { OwnershipGuard } from './ownership.guard';
import { Sights } from './sights';

/** Who sees and changes which APIs and policies, in organisations that let owners restrict it. */
@Module({
  imports: [AuthModule],
  providers: [
    ApiListings,
    KindStores,
    Owners,
    Sights,
    // What owners restrict is asked once it is known in which organisation.
    { provide: APP_GUARD, useClass: ActingGuard },
    { provide: APP_GUARD, useClass: OwnershipGuard },
  ],
  exports: [ApiListings, KindStores, Owners, Sights],
})
export class OwnershipModule {}
