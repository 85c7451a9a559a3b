import { Module } from '@nestjs/common';
import { KeysModule } from '../keys/keys.module';
import { changesController } from '../history/history-routes';
import { ResourceModule } from '../resources/resource.module';
import { OAuthClientsController, withinApi } from './oauth-clients.controller';
import { OAuthClientsService } from './oauth-clients.service';
import { OAuthKeeper } from './oauth-keeper';
import { OAuthTokens } from './oauth-tokens';
import { TokenList } from './token-list';
import { OAuthAdoption } from './oauth-adoption';

const OAuthClientHistoryController = changesController({
  path: 'api/apis/oauth/:apiId',
  tag: 'OAuth clients',
  kind: 'oauth_client',
  within: { ...withinApi, idName: 'clientId' },
  service: OAuthClientsService,
});

/** OAuth clients of APIs, and the tokens that gateways give them. */
@Module({
  imports: [ResourceModule, KeysModule],
  controllers: [OAuthClientsController, OAuthClientHistoryController],
  providers: [OAuthClientsService, OAuthAdoption, OAuthKeeper, OAuthTokens, TokenList],
})
export class OAuthModule {}
