import { randomBytes } from 'node:crypto';
import { anApiDefinition, listOf, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const rounds = 15;

/** Writers of one organisation queue up inside a replica, so it takes two for them to run at the same time. */
describe('a web hook that changes while APIs that refer to it are written on another replica', () => {
  let one: ApiUnderTest;
  let other: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    const DATABASE = `castellan_${randomBytes(6).toString('hex')}`;
    one = await ApiUnderTest.start({ DATABASE });
    other = await ApiUnderTest.start({ DATABASE });
    organisation = await one.organisation();
  });
  afterAll(async () => {
    await one.stop();
    await other.stop();
  });

  const elsewhere = () => other.anonymous.with({ authorization: organisation.admin.accessKey });
  const createHook = async (): Promise<string> => {
    const hook = { name: unique('hook'), method: 'POST', target_path: 'http://before.example.org/' };
    return textOf(expectOk(await organisation.admin.client.post('/api/hooks', hook)).json['Meta']);
  };
  const apiWith = (id: string) => ({
    api_definition: anApiDefinition(),
    hook_references: [{ event_name: 'QuotaExceeded', event_timeout: 60, hook: { id } }],
  });

  it('never leaves an old copy behind', async () => {
    const target_path = 'http://after.example.org/';
    for (let round = 0; round < rounds; round += 1) {
      const id = await createHook();
      const [written, changed] = await Promise.all([
        elsewhere().post('/api/apis', apiWith(id)),
        organisation.admin.client.put(`/api/hooks/${id}`, { name: 'h', method: 'POST', target_path }),
      ]);
      expectOk(changed);
      const { text } = await organisation.admin.client.get(`/api/apis/${textOf(expectOk(written).json['Meta'])}`);
      expect(text).toContain(target_path);
      expect(text).not.toContain('before.example.org');
    }
  });

  it('never leaves a reference to a hook that is gone', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const id = await createHook();
      const [written, deleted] = await Promise.all([
        elsewhere().post('/api/apis', apiWith(id)),
        organisation.admin.client.delete(`/api/hooks/${id}`),
      ]);
      // Whichever comes second is refused.
      expect([written.status, deleted.status].sort()).toEqual([200, written.status === 200 ? 409 : 400]);
      if (written.status !== 200)
        expect(listOf(written.json['Errors'])[0]?.['path']).toBe('hook_references[0].hook.id');
    }
  });
});
