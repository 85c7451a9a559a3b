import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { changesController } from '../history/history-routes';
import { ResourceModule } from '../resources/resource.module';
import { SessionsModule } from '../sessions/sessions.module';
import { UsersModule } from '../users/users.module';
import { BackChannel } from './back-channel';
import { IdentityProviderStore } from './identity-provider-store';
import { IdentityProvidersController } from './identity-providers.controller';
import { IdentityProvidersService } from './identity-providers.service';
import { LoginFlows } from './login-flows';
import { OidcController } from './oidc.controller';
import { OidcLoginService } from './oidc-login.service';
import { ProvidedUsers } from './provided-users';
import { ProviderClients } from './provider-clients';

const IdentityProviderHistoryController = changesController({
  path: 'api/identity-providers',
  tag: 'Single sign-on',
  kind: 'identity_provider',
  service: IdentityProvidersService,
});

/** Single sign-on by providers of OpenID Connect. */
@Module({
  imports: [AuthModule, ResourceModule, SessionsModule, UsersModule],
  controllers: [IdentityProvidersController, IdentityProviderHistoryController, OidcController],
  providers: [
    IdentityProviderStore,
    IdentityProvidersService,
    ProviderClients,
    LoginFlows,
    ProvidedUsers,
    OidcLoginService,
    BackChannel,
  ],
})
export class OidcModule {}
