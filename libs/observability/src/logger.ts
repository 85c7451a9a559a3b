import type { LoggerService } from '@nestjs/common';
import pino, { type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Headers and fields whose values never reach a log (promise 9). */
const redacted = [
  'authorization',
  'admin-auth',
  'cookie',
  'x-tyk-nonce',
  'x-tyk-authorization',
  'password',
  'access_key',
].flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);

/**
 * One structured line per event, on standard output unless another stream is given.
 *
 * @param clean takes out of a line whatever is a secret wherever it stands, such as in what an exception says
 */
export const createLogger = (
  service: string,
  level: string,
  destination?: DestinationStream,
  clean: (line: string) => string = (line) => line,
): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: '[redacted]' },
      serializers: { err: pino.stdSerializers.err },
      hooks: { streamWrite: clean },
    },
    destination,
  );

const contextOf = (parameters: readonly unknown[]): string | undefined => {
  const last = parameters.at(-1);
  return typeof last === 'string' ? last : undefined;
};

/** Lets Nest’s own messages take the same way as everything else. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...parameters: unknown[]): void {
    // Nest tells of every route and module at start; that is of interest only to who debugs the start.
    this.logger.debug({ context: contextOf(parameters) }, String(message));
  }

  error(message: unknown, ...parameters: unknown[]): void {
    if (message instanceof Error) this.logger.error({ err: message, context: contextOf(parameters) }, message.message);
    else this.logger.error({ context: contextOf(parameters) }, String(message));
  }

  warn(message: unknown, ...parameters: unknown[]): void {
    this.logger.warn({ context: contextOf(parameters) }, String(message));
  }

  debug(message: unknown, ...parameters: unknown[]): void {
    this.logger.debug({ context: contextOf(parameters) }, String(message));
  }

  verbose(message: unknown, ...parameters: unknown[]): void {
    this.logger.trace({ context: contextOf(parameters) }, String(message));
  }
}
