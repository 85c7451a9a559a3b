import { createLogger, NestLogger } from './logger';

const secret = 's3cr3t-value';

const logged = (level = 'info'): { logger: ReturnType<typeof createLogger>; text: () => string } => {
  const lines: string[] = [];
  const logger = createLogger('test', level, { write: (line) => lines.push(line) });
  return { logger, text: () => lines.join('') };
};

describe('promise 9: secrets stay secret', () => {
  const names = [
    'authorization',
    'admin-auth',
    'cookie',
    'x-tyk-nonce',
    'x-tyk-authorization',
    'password',
    'access_key',
  ];

  it.each(names)('writes [redacted] for %s, wherever it stands', (name) => {
    const { logger, text } = logged();
    logger.info({ [name]: secret, headers: { [name]: secret }, request: { headers: { [name]: secret } } }, 'call');
    expect(text()).not.toContain(secret);
    expect(text().match(/\[redacted\]/g)).toHaveLength(3);
  });

  it('cleans whole lines, with what exceptions say in them', () => {
    const lines: string[] = [];
    const clean = (line: string): string => line.replaceAll(secret, '[redacted]');
    const logger = createLogger('test', 'info', { write: (line) => lines.push(line) }, clean);
    logger.error({ err: new Error(`redis://:${secret}@host`, { cause: new Error(secret) }) }, `failed with ${secret}`);
    expect(lines.join('')).not.toContain(secret);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      err: { message: expect.stringContaining('[redacted]') as string },
    });
  });

  it('keeps what is no secret', () => {
    const { logger, text } = logged();
    logger.info({ headers: { 'x-tyk-nodeid': 'solo-1', password: secret } }, 'call');
    expect(JSON.parse(text())).toMatchObject({
      service: 'test',
      level: 'info',
      msg: 'call',
      headers: { 'x-tyk-nodeid': 'solo-1', password: '[redacted]' },
    });
  });

  it('does not change the object that was logged', () => {
    const { logger } = logged();
    const headers = { authorization: secret };
    logger.info({ headers }, 'call');
    expect(headers.authorization).toBe(secret);
  });
});

describe('createLogger', () => {
  it('writes one line of JSON for each event, errors with their stack', () => {
    const { logger, text } = logged();
    logger.warn({ err: new Error('broken') }, 'first\nsecond');
    logger.debug('not at this level');
    const lines = text().trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      msg: 'first\nsecond',
      err: { type: 'Error', message: 'broken', stack: expect.stringContaining('logger.spec') as string },
    });
  });
});

describe('NestLogger', () => {
  it('lets what Nest says at start pass on debug only, and its errors always', () => {
    const { logger, text } = logged();
    const nest = new NestLogger(logger);
    nest.log('Mapped {/api, GET} route', 'RouterExplorer');
    expect(text()).toBe('');
    nest.warn('old thing', 'Context');
    nest.error(new Error('broken'), 'ExceptionHandler');
    nest.error('plain', 'stack', 'Context');
    const lines = text().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'warn', msg: 'old thing', context: 'Context' },
      { level: 'error', msg: 'broken', context: 'ExceptionHandler', err: { message: 'broken' } },
      { level: 'error', msg: 'plain', context: 'Context' },
    ]);
  });
});
