import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { LOGGER, type Logger } from '@castellan/observability';
import { anApiDefinition, eventually, textOf } from '@castellan/testing';
import { ApiUnderTest, expectOk } from './api-under-test';
import { RawConnection } from './raw-connection';

describe('a test in whose course a secret is shown', () => {
  it('fails in the end, and says of each secret where it stands: in the log, in a record, and in a reply on a connection of its own', async () => {
    const api = await ApiUnderTest.start();
    const { id, admin } = await api.organisation();
    const [recorded, shown] = [await api.user(id, { apis: 'read' }), await api.user(id, { apis: 'read' })];
    // The logger itself takes access keys out, but knows no passwords.
    const password = 'violet anchors hum beneath paper oceans';
    expectOk(await admin.client.post('/api/users/me/actions/reset', { new_password: password }));
    api.app.get<Logger>(LOGGER).info({ said: password }, 'planted');
    const database = api.app.get<Connection>(getConnectionToken());
    await database.collection('revisions').insertOne({ planted: recorded.accessKey });
    const definition = anApiDefinition({ config_data: { planted: shown.accessKey } });
    const created = expectOk(await admin.client.post('/api/apis', { api_definition: definition }));
    const connection = await RawConnection.to(api.url);
    connection.head('GET', `/api/apis/${textOf(created.json['ID'])}`, { authorization: admin.accessKey });
    await eventually(() => connection.received.includes(shown.accessKey));
    connection.close();
    const said = await api.stop().then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(said).toMatch(/a password, or a secret of a client in the log: .*"said":"<here>/);
    expect(said).toMatch(/in a record of revisions: .*"planted":"<here>/);
    expect(said).toMatch(/in a reply on a connection of its own: .*planted.*<here>/);
  });
});
