import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import {
  NOTIFICATION_CHANNEL,
  NOTIFICATION_COMMANDS,
  isReloadCommand,
  signNotification,
  verifyNotification,
} from './signals';

describe('signals', () => {
  it('uses the channel every gateway subscribes to', () => {
    expect(NOTIFICATION_CHANNEL).toBe('tyk.cluster.notifications');
  });

  it('writes the message byte for byte as a gateway writes it', () => {
    // sha256 of 'ApiUpdated' + '' + 'nodesecret', computed with sha256sum.
    const signature = 'd62c59e0b0823ccd03442012a1a07f2155ba9a973f2effda6f13eaffdaef6be5';
    const message = signNotification({ command: 'ApiUpdated', nodeSecret: 'nodesecret' });
    expect(message).toBe(`{"command":"ApiUpdated","payload":"","signature":"${signature}","algorithm":5}`);
  });

  it('signs the payload too', () => {
    const message = signNotification({
      command: 'KeySpaceUpdateNotification',
      payload: '807a7740,829f49a2',
      nodeSecret: 's',
    });
    const signature = createHash('sha256').update('KeySpaceUpdateNotification807a7740,829f49a2s').digest('hex');
    expect(message).toContain(`"signature":"${signature}"`);
  });

  it('reads back what it signed, and refuses another secret, command or payload', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NOTIFICATION_COMMANDS),
        fc.string({ unit: 'binary' }),
        fc.string({ minLength: 1 }),
        (command, payload, nodeSecret) => {
          const message = signNotification({ command, payload, nodeSecret });
          expect(verifyNotification(message, nodeSecret)).toEqual({ ok: true, command, payload });
          expect(verifyNotification(message, `${nodeSecret}x`)).toEqual({ ok: false, reason: 'bad_signature' });
          const changed = JSON.stringify({ ...(JSON.parse(message) as object), payload: `${payload}!` });
          expect(verifyNotification(changed, nodeSecret)).toEqual({ ok: false, reason: 'bad_signature' });
        },
      ),
    );
  });

  it.each([
    ['not JSON', 'ApiUpdated'],
    ['a bare string', '"ApiUpdated"'],
    ['null', 'null'],
    ['an array', '[]'],
    ['a number where a text belongs', '{"command":1}'],
    ['an algorithm that is a text', '{"command":"ApiUpdated","algorithm":"5"}'],
  ])('calls %s malformed', (_case, message) => {
    expect(verifyNotification(message, 's')).toEqual({ ok: false, reason: 'malformed' });
  });

  it('refuses an unsigned message and the RSA form of old dashboards', () => {
    for (const message of ['{"command":"ApiUpdated","payload":""}', '{"command":"ApiUpdated","signature":"bGk="}']) {
      expect(verifyNotification(message, 's')).toEqual({ ok: false, reason: 'unknown_algorithm' });
    }
  });

  it('knows which commands reload', () => {
    expect(NOTIFICATION_COMMANDS.filter(isReloadCommand)).toEqual([
      'ApiUpdated',
      'ApiAdded',
      'ApiRemoved',
      'PolicyChanged',
      'GroupReload',
    ]);
    expect(isReloadCommand('toString')).toBe(false);
  });
});
