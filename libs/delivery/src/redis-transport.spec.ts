import { redisTransportOptions } from './redis-transport';

describe('redisTransportOptions', () => {
  it('reads host, port, database and credentials of a Redis URL', () => {
    expect(redisTransportOptions('redis://user:p%40ss@redis.example:6380/3')).toMatchObject({
      host: 'redis.example',
      port: 6380,
      db: 3,
      username: 'user',
      password: 'p@ss',
    });
  });

  it('takes the usual port and database, no credentials and no TLS when none are named', () => {
    const options = redisTransportOptions('redis://127.0.0.1');
    expect(options).toMatchObject({ host: '127.0.0.1', port: 6379, db: 0 });
    expect(Object.keys(options)).not.toEqual(expect.arrayContaining(['username']));
    expect(Object.keys(options)).not.toEqual(expect.arrayContaining(['tls']));
  });

  it('speaks TLS where the URL says so', () => {
    expect(redisTransportOptions('rediss://redis.example')).toHaveProperty('tls');
  });

  it('promise 4: never gives up on a Redis that went away', () => {
    const { retryAttempts, retryDelay } = redisTransportOptions('redis://127.0.0.1');
    expect(retryAttempts).toBeGreaterThan(1_000_000);
    expect(retryDelay).toBeGreaterThan(0);
  });
});
