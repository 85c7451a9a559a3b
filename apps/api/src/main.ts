import 'reflect-metadata';
import { configurationNotes, loadApiConfig, processEnvironment } from '@castellan/config';
import { createLogger, runProcess } from '@castellan/observability';
import { startTransport } from '@castellan/persistence';
import { createApp } from './app';

runProcess(async () => {
  const config = loadApiConfig(processEnvironment());
  const logger = createLogger('api', config.logLevel);
  for (const note of configurationNotes(processEnvironment())) logger.warn(note);
  const app = await createApp(config, logger);
  app.enableShutdownHooks(undefined, { useProcessExit: true });
  await app.listen(config.apiPort, config.apiHost);
  startTransport(app, logger);
  logger.info({ url: await app.getUrl() }, 'The API listens');
});
