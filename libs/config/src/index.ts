export { CONFIG, ConfigModule } from './config.module';
export { ConfigError, loadApiConfig, loadHostManagerConfig, processEnvironment, type Environment } from './load';
export { configurationNotes, settingNames } from './notes';
export type { ApiConfig, CommonConfig, HostManagerConfig } from './schema';
export { configurationTable } from './table';
