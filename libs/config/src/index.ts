export { CONFIG, ConfigModule } from './config.module';
export {
  ConfigError,
  loadApiConfig,
  loadHostManagerConfig,
  namedSecretsIn,
  processEnvironment,
  valueOf,
  type Environment,
} from './load';
export type { NamedSecret } from './named-secrets';
export { configurationNotes, settingNames } from './notes';
export type { ApiConfig, CommonConfig, HostManagerConfig } from './schema';
export { configurationTable } from './table';
