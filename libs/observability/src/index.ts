export { Clock } from './clock';
export { Health, type HealthCheck, type HealthReport } from './health';
export { createLogger, NestLogger, type Logger } from './logger';
export { Metrics, type GaugeReading } from './metrics';
export { runProcess } from './run-process';
export { Recurring } from './recurring';
export { ObservabilityModule, LOGGER } from './observability.module';
