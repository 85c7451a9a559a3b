import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { anApiDefinition, listOf, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../../test/api-under-test';
import { editable, exportOf } from '../../../test/configuration';

describe('an import on a database that is slow', () => {
  it('is made in as many transactions as each has time for, however many changes one may have', async () => {
    // MongoDB ends transactions after a minute; here none of them takes longer than a step or two.
    const api = await ApiUnderTest.start({ IMPORT_BATCH: '10000', IMPORT_BATCH_MS: '10' });
    try {
      const organisation = await api.organisation();
      const { client } = organisation.admin;
      const ids = Array.from({ length: 60 }, () => unique('api'));
      const apis = ids.map((id) => ({ api_definition: anApiDefinition({ api_id: id }) }));
      const reply = expectOk(await client.post('/api/import', { castellan: { format: 1 }, apis }));
      expect(reply.json['Meta']).toMatchObject({ counts: { create: 60 } });
      const [made] = listOf(expectOk(await client.get('/api/import')).json['imports']);
      expect(made).toMatchObject({ id: reply.json['Meta']?.['import'], state: 'applied', steps: 60, made: 60 });
      const { apis: there } = editable(await exportOf(organisation));
      expect(there.map((wrapper) => textOf(wrapper.api_definition['api_id'])).sort()).toEqual([...ids].sort());
      // Each transaction has a record in the audit log.
      const audit = api.app.get<Connection>(getConnectionToken()).collection('audit');
      expect(await audit.countDocuments({ action: 'Import Configuration' })).toBeGreaterThan(1);
    } finally {
      await api.stop();
    }
  });
});
