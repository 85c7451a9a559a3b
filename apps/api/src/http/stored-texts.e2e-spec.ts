import { randomUUID } from 'node:crypto';
import { Controller, Get } from '@nestjs/common';
import { Public } from '@castellan/rbac';
import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { anApiDefinition, listOf, textOf, unique } from '@castellan/testing';
import { ReloadReports } from '../gateways/nodes/reload-reports';
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
  it('hold no credential of the installation in the audit log or in Redis, whoever wrote it there', async () => {
    const api = await ApiUnderTest.start();
    try {
      const { adminSecret, nodeSecret } = api.config;
      const organisation = await api.organisation();
      const id = await addApi(organisation);
      const { client } = organisation.admin;
      const headers = { 'x-change-reason': `for ${adminSecret} and ${nodeSecret}` };
      expectOk(await client.delete(`/api/apis/${id}`, { headers }));
      expect((await client.delete(`/api/apis/${nodeSecret}`)).status).toBe(404);
      const access_rights = { [await addApi(organisation)]: { versions: ['Default'] } };
      const token = textOf(expectOk(await client.post('/api/keys', { access_rights })).json['key_id']);
      await addApi(organisation, anApiDefinition({ config_data: { note: `of ${token}` } }));
      const another = await addApi(organisation);
      expectOk(await client.delete(`/api/apis/${another}`, { headers: { 'x-change-reason': `of ${token}.` } }));
      const { text, json } = expectOk(await client.get('/api/audit-logs?p=-1'));
      expect(listOf(json['audit_logs']).map(({ reason }) => reason)).toContain('of [redacted].');
      expect(text).not.toContain(token);
      expect(listOf(json['audit_logs']).map(({ reason }) => reason)).toContain('for [redacted] and [redacted]');
      for (const secret of [adminSecret, nodeSecret]) expect(text).not.toContain(secret);

      // What was changed is shown there as well, by whoever it was written.
      const { accessKey } = organisation.admin;
      const secrets = [adminSecret, nodeSecret, accessKey];
      await addApi(organisation, anApiDefinition({ config_data: { note: secrets.join(' ') } }));
      const records = await api.app.get<Connection>(getConnectionToken()).collection('audit').find().toArray();
      expect(JSON.stringify(records)).toContain('config_data');
      for (const secret of secrets) expect(JSON.stringify(records)).not.toContain(secret);

      // Gateways and host managers say what they are called and what went wrong.
      await api.node.get('/register/node', { headers: { 'x-tyk-hostname': `gateway ${adminSecret}` } });
      const report = {
        ...{ url: `http://gateway/${accessKey}`, host: 'gateway', addresses: [], node: null, ok: false, attempts: 1 },
        ...{ durationMs: 1, error: `refused: ${nodeSecret}`, version: null, at: new Date().toISOString() },
        reason: 'change',
      };
      await api.app.get(ReloadReports).store(report);
      const redis = new Redis(api.config.redisUrl);
      const keys = await redis.keys('castellan:*');
      const kept = await Promise.all(
        keys.map(async (key) => ((await redis.type(key)) === 'hash' ? JSON.stringify(await redis.hgetall(key)) : '')),
      );
      redis.disconnect();
      expect(kept.join()).toContain('gateway [redacted]');
      expect(kept.join()).toContain('refused: [redacted]');
      for (const secret of secrets) expect(kept.join()).not.toContain(secret);
    } finally {
      // A document is kept as its author wrote it, in its history too; nothing else may repeat what stands in it.
      await api.app.get<Connection>(getConnectionToken()).collection('revisions').deleteMany({});
      await api.stop();
    }
  });

  it('hold no secret of an OAuth client, no refresh token, no basic credentials and no half of one, in the audit log, its file or the log', async () => {
    const api = await ApiUnderTest.start();
    try {
      const organisation = await api.organisation();
      const { client, accessKey } = organisation.admin;
      const oauth = await addApi(organisation, anApiDefinition({ use_keyless: false, use_oauth2: true }));
      const made = expectOk(await client.post(`/api/apis/oauth/${oauth}`, { redirect_uri: 'https://a.example/cb' }));
      // As gateways make refresh tokens.
      const refresh = Buffer.from(randomUUID()).toString('base64');
      const secrets = [textOf(made.json['secret']), refresh, accessKey];
      const basic = Buffer.from(`${textOf(made.json['client_id'])}:${unique('chosen')}`).toString('base64');
      const reasonsOf = async (): Promise<unknown[]> =>
        listOf(expectOk(await client.get('/api/audit-logs?p=-1')).json['audit_logs']).map(({ reason }) => reason);
      for (const secret of secrets) {
        const far = 'x'.repeat(1_000 - secret.length);
        for (const reason of [`of ${secret}.`, `${far} ${secret}`, `Basic ${basic}`]) {
          const headers = { 'x-change-reason': reason };
          expect((await client.delete(`/api/apis/${encodeURIComponent(secret)}`, { headers })).status).toBe(404);
          expectOk(await client.post('/api/apis', { api_definition: anApiDefinition() }, { headers }));
        }
      }
      expect(await reasonsOf()).toEqual(expect.arrayContaining(['of [redacted].', 'Basic [redacted]']));
      const kept = [
        expectOk(await client.get('/api/audit-logs?p=-1')).text,
        ...(await Promise.all(
          ['csv', 'json'].map(
            async (type) => expectOk(await client.get(`/api/audit-logs?download=true&type=${type}`)).text,
          ),
        )),
        api.logged(),
      ];
      for (const text of kept) {
        expect(text).toContain('[redacted]');
        for (const secret of [...secrets, basic]) expect(text).not.toContain(secret.slice(0, -1));
      }
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
