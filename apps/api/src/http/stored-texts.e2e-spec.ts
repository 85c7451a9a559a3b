import { Controller, Get } from '@nestjs/common';
import { Public } from '@castellan/rbac';
import { listOf } from '@castellan/testing';
import { startAppWithRoutes } from '../../../../test/support/app-with-routes';
import { ApiUnderTest, expectOk } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';

/** What the broken route says when it fails, in the test's hand. */
let said = '';

@Controller('broken')
class BrokenController {
  @Get()
  @Public()
  fail(): never {
    throw new Error(`connect failed: ${said}`, { cause: new Error(said) });
  }
}

describe('texts that are kept (promise 9)', () => {
  it('hold no secret of the installation in the audit log, whoever wrote it there', async () => {
    const api = await ApiUnderTest.start();
    try {
      const { adminSecret, nodeSecret } = api.config;
      const organisation = await api.organisation();
      const id = await addApi(organisation);
      const { client } = organisation.admin;
      const headers = { 'x-change-reason': `for ${adminSecret} and ${nodeSecret}` };
      expectOk(await client.delete(`/api/apis/${id}`, { headers }));
      expect((await client.delete(`/api/apis/${nodeSecret}`)).status).toBe(404);
      const { text, json } = expectOk(await client.get('/api/audit-logs?p=-1'));
      const records = listOf(json['audit_logs']);
      expect(records.map(({ reason }) => reason)).toContain('for [redacted] and [redacted]');
      for (const secret of [adminSecret, nodeSecret]) expect(text).not.toContain(secret);
    } finally {
      await api.stop();
    }
  });

  it('hold none in the log either, whatever an exception says', async () => {
    const started = await startAppWithRoutes([BrokenController]);
    try {
      const { adminSecret, nodeSecret } = started.config;
      said = `${adminSecret} ${nodeSecret}`;
      expect((await started.client.get('/broken')).status).toBe(500);
      expect(started.logged()).toContain('connect failed: ');
      for (const secret of [adminSecret, nodeSecret]) expect(started.logged()).not.toContain(secret);
    } finally {
      await started.stop();
    }
  });
});
