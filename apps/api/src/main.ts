import 'reflect-metadata';
import { configurationNotes, loadApiConfig, processEnvironment } from '@castellan/config';
import { createLogger, runProcess } from '@castellan/observability';
import { ApiProcess } from './api-process';
import { withoutSecretsOf } from './http/credentials-in-text';

runProcess(async () => {
  const config = loadApiConfig(processEnvironment());
  const logger = createLogger('api', config.logLevel, undefined, withoutSecretsOf(config));
  for (const note of configurationNotes(processEnvironment())) logger.warn(note);
  await new ApiProcess(config, logger).start();
});
