import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { ConfigModule, type ApiConfig } from '@castellan/config';
import { ObservabilityModule, type Logger } from '@castellan/observability';
import { PersistenceModule } from '@castellan/persistence';
import { HealthModule, RedisModule } from '@castellan/delivery';
import { AnalyticsModule } from './analytics/analytics.module';
import { ApisModule } from './apis/apis.module';
import { AssetsModule } from './assets/assets.module';
import { AuditModule } from './audit/audit.module';
import { AuthModule } from './auth/auth.module';
import { CertificatesModule } from './certificates/certificates.module';
import { ChoresModule } from './chores/chores.module';
import { ExamplesController } from './examples/examples.controller';
import { GatewaysModule } from './gateways/gateways.module';
import { ErrorFilter } from './http/error.filter';
import { RefuseUnknownParameters } from './http/query/refuse-unknown';
import { KeptTextModule } from './http/kept-text.module';
import { RateLimits } from './http/rate-limits';
import { SendHeaders } from './http/reply-headers';
import { KeyRedisModule } from './keys/key-redis.module';
import { KeysModule } from './keys/keys.module';
import { ImportsModule } from './import-export/migration/imports.module';
import { OrganisationTransferModule } from './import-export/routes/transfer.module';
import { OAuthModule } from './oauth/oauth.module';
import { OasModule } from './oas/oas.module';
import { OidcModule } from './oidc/oidc.module';
import { OrganisationsModule } from './organisations/organisations.module';
import { PoliciesModule } from './policies/policies.module';
import { SchemasModule } from './schemas/schemas.module';
import { UsersModule } from './users/users.module';
import { WebhooksModule } from './webhooks/webhooks.module';
import { RetentionModule } from './retention/retention.module';
import { SessionsModule } from './sessions/sessions.module';
import { SetupModule } from './setup/setup.module';
import { SsoModule } from './sso/sso.module';
import { SystemModule } from './system/system.module';
import { ThreadsModule } from './threads/threads.module';

/** The API: its domains, and what stands under all of them. Routes say which plane they are of (`@Requires` and its kin). */
@Module({})
export class AppModule {
  /** @param kinds modules of kinds that are not among those of this folder */
  static with(config: ApiConfig, logger: Logger, kinds: readonly Type[] = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        ObservabilityModule.with('api', logger),
        PersistenceModule,
        RedisModule,
        KeyRedisModule,
        HealthModule,
        ThreadsModule,
        KeptTextModule,
        AuthModule,
        GatewaysModule,
        RetentionModule,
        AnalyticsModule,
        SystemModule,
        OrganisationsModule,
        UsersModule,
        SessionsModule,
        SetupModule,
        SsoModule,
        OidcModule,
        ImportsModule,
        ApisModule,
        OasModule,
        SchemasModule,
        PoliciesModule,
        WebhooksModule,
        ChoresModule,
        OAuthModule,
        KeysModule,
        CertificatesModule,
        AssetsModule,
        AuditModule,
        OrganisationTransferModule,
        ...kinds,
      ],
      controllers: [ExamplesController],
      providers: [
        RateLimits,
        { provide: APP_FILTER, useClass: ErrorFilter },
        { provide: APP_INTERCEPTOR, useClass: RefuseUnknownParameters },
        { provide: APP_INTERCEPTOR, useClass: SendHeaders },
      ],
    };
  }
}
