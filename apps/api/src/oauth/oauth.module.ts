import { Module } from '@nestjs/common';
import { KeysModule } from '../keys/keys.module';
import { ResourceModule } from '../resources/resource.module';
import { OAuthClientsController } from './oauth-clients.controller';
import { OAuthClientsService } from './oauth-clients.service';
import { OAuthKeeper } from './oauth-keeper';
import { OAuthTokens } from './oauth-tokens';

/** OAuth clients of APIs, and the tokens that gateways give them. */
@Module({
  imports: [ResourceModule, KeysModule],
  controllers: [OAuthClientsController],
  providers: [OAuthClientsService, OAuthKeeper, OAuthTokens],
})
export class OAuthModule {}
