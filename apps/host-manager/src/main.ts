import 'reflect-metadata';
import { configurationNotes, loadHostManagerConfig, processEnvironment } from '@castellan/config';
import { createLogger, runProcess } from '@castellan/observability';
import { startTransport } from '@castellan/delivery';
import { createApp } from './app';

runProcess(async () => {
  const config = loadHostManagerConfig(processEnvironment());
  const { gatewaySecret } = config;
  const clean = (line: string): string => (gatewaySecret === '' ? line : line.replaceAll(gatewaySecret, '[redacted]'));
  const logger = createLogger('host-manager', config.logLevel, undefined, clean);
  for (const note of configurationNotes(processEnvironment())) logger.warn(note);
  const app = await createApp(config, logger);
  app.enableShutdownHooks(undefined, { useProcessExit: true });
  await app.listen(config.hostManagerPort, config.hostManagerHost);
  startTransport(app, logger);
  logger.info({ url: await app.getUrl(), nodes: config.hostManagerNodes }, 'The host manager listens');
});
