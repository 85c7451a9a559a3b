import { randomBytes } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { anApiDefinition, textOf, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../apps/api/test/api-under-test';
import { addApi, addHook, addPolicy } from '../apps/api/test/configuration';

interface StateRow {
  readonly _id: string;
  readonly number: number;
}

describe('a data directory of another version', () => {
  const database = `castellan_${randomBytes(6).toString('hex')}`;
  const start = (): Promise<ApiUnderTest> => ApiUnderTest.start({ DATABASE: database });
  const connectionOf = (api: ApiUnderTest): Connection => api.app.get<Connection>(getConnectionToken());

  it('opens when it is from before there were migrations, with everything in it, and works', async () => {
    const before = await start();
    const organisation = await before.organisation();
    const apiId = await addApi(organisation, anApiDefinition({ name: 'Größe' }));
    const policyId = await addPolicy(organisation, [apiId]);
    const hookId = await addHook(organisation);
    const { accessKey } = organisation.admin;
    const founded = expectOk(await before.admin.post('/admin/organisations', { owner_name: 'A', owner_slug: 'twice' }));
    const another = expectOk(await before.admin.post('/admin/organisations', { owner_name: 'B', owner_slug: 'once' }));
    // The first versions left no note of what they had done, and did not lift this field.
    await connectionOf(before).collection('migrations').drop();
    await connectionOf(before)
      .collection('apis')
      .updateMany({}, { $unset: { nameKey: 1 } });
    // They let two organisations have the same slug, too.
    await connectionOf(before)
      .collection('organisations')
      .updateMany({}, { $unset: { slugKey: 1 } });
    await connectionOf(before)
      .collection('organisations')
      .updateOne({ slug: 'once' }, { $set: { slug: 'twice' } });
    await before.stop();

    const after = await start();
    const client = after.anonymous.with({ authorization: accessKey });
    const paths = [`/api/apis/${apiId}`, `/api/portal/policies/${policyId}`, `/api/hooks/${hookId}`];
    for (const path of paths) expect(withVersion(expectOk(await client.get(path)))['version']).toBe(1);
    const found = expectOk(await client.get(`/api/apis?q=${encodeURIComponent('GRÖ')}`));
    expect(found.json['apis']?.[0]?.['api_definition']?.['api_id']).toBe(apiId);
    const again = { api_definition: anApiDefinition({ name: 'Renamed' }) };
    expect(textOf(expectOk(await client.put(`/api/apis/${apiId}`, again)).json['Status'])).toBe('OK');
    const same = { owner_name: 'C', owner_slug: 'twice' };
    const taken = await after.admin.post('/admin/organisations', same);
    expect([taken.status, taken.json['Meta']?.['id']]).toEqual([409, textOf(founded.json['Meta'])]);
    // Whoever shares a slug from those days may go on with it.
    expectOk(await after.admin.put(`/admin/organisations/${textOf(another.json['Meta'])}`, same));
    await after.stop();
  });

  it('refuses to start on one that a newer version has written', async () => {
    const api = await start();
    await connectionOf(api)
      .collection<StateRow>('migrations')
      .updateOne({ _id: 'state' }, { $set: { number: 1_000 } });
    await api.stop();
    await expect(start()).rejects.toThrow(/come to migration 1000.*newer Castellan.*restore a backup/);
  });
});
