import { SecretWatch } from './secret-watch';

const exchange = (path: string, reply: object, { method = 'GET', sent = '' } = {}) => ({
  ...{ method, path, status: 200, headers: new Headers(), text: JSON.stringify(reply), sent },
});
const key = 'f'.repeat(32);

describe('the watch over secrets', () => {
  it('lets a reply show what it is there to show, and no other', () => {
    const watch = new SecretWatch();
    watch.check(exchange('/api/users', { AccessKey: key }, { method: 'POST' }));
    expect(watch.leaks()).toEqual([]);
    watch.check(exchange('/api/users?p=1', { users: [{ access_key: key }] }));
    expect(watch.leaks()).toEqual([
      expect.stringMatching(/^access key in the reply to GET \/api\/users\?p=1: .*<here>/),
    ]);
  });

  it('finds what was sent, what there was from the beginning, and a session, in logs and records', () => {
    const watch = new SecretWatch();
    watch.know('secret of the operator', 'operator-secret');
    const sent = JSON.stringify({ user: { password: 'correct horse battery' } });
    watch.check({
      ...exchange('/login', {}, { method: 'POST', sent }),
      headers: new Headers({ 'set-cookie': `castellan-session=${'s'.repeat(43)}; Path=/` }),
    });
    watch.keep('the log', 'operator-secret');
    watch.keep('the audit log', 'tried correct horse battery');
    watch.keep('an error', `session ${'s'.repeat(43)}`);
    expect(watch.leaks().map((leak) => leak.split(':')[0])).toEqual([
      'secret of the operator in the log',
      'a password in the audit log',
      'session in an error',
    ]);
  });
});
