import { getConnectionToken } from '@nestjs/mongoose';
import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule, loadHostManagerConfig } from '@castellan/config';
import { GenerationNumbers } from '@castellan/delivery';
import { createLogger, ObservabilityModule } from '@castellan/observability';
import type { Connection } from 'mongoose';
import { freshDatabaseUri } from '../../../../test/support/test-services';
import { newObjectId, toObjectId, toOrganisationId, type OrganisationId } from '../ids';
import { PersistenceModule } from '../persistence.module';
import { DuplicateKey } from '../resources/duplicate-key';
import type { Draft } from '../resources/resource-row';
import type { PolicyRow } from '../kinds/policy.kind';
import type { WebhookRow } from '../kinds/webhook.kind';
import { PolicyStore, WebhookStore } from '../resources/stores';
import type { ChangeContext } from './change-context';
import { ChangeRecorder } from './change-recorder';
import { Outbox } from './outbox';
import { RevisionStore } from './revision-store';
import { OrganisationGone } from './unit-of-work';

const contextOf = (organisation: OrganisationId): ChangeContext => ({
  organisation,
  actor: { kind: 'admin', id: '', name: 'admin' },
  action: 'Test',
  request: { id: 'request-1', method: 'POST', path: '/test', ip: '127.0.0.1' },
  reason: '',
});

const aPolicy = (overrides: Partial<Draft<PolicyRow>> = {}): Draft<PolicyRow> => {
  const _id = newObjectId();
  return {
    _id,
    document: `{"name":"${_id.toString()}","active":true}`,
    policyId: _id.toString(),
    name: 'a policy',
    active: true,
    apiIds: [],
    tags: [],
    userOwners: [],
    groupOwners: [],
    ...overrides,
  };
};

const aWebhook = (): Draft<WebhookRow> => ({ _id: newObjectId(), document: '{"name":"hook"}', name: 'hook' });

describe('ChangeRecorder', () => {
  let module: TestingModule;
  let connection: Connection;
  let recorder: ChangeRecorder;
  let policies: PolicyStore;
  let organisation: OrganisationId;
  let context: ChangeContext;

  beforeAll(async () => {
    const config = loadHostManagerConfig({
      CASTELLAN_MONGODB_URI: freshDatabaseUri(),
      CASTELLAN_REDIS_URL: 'redis://127.0.0.1/0',
    });
    module = await Test.createTestingModule({
      imports: [
        ConfigModule.with(config),
        ObservabilityModule.with('test', createLogger('test', 'silent')),
        PersistenceModule,
      ],
    }).compile();
    await module.init();
    connection = module.get<Connection>(getConnectionToken());
    recorder = module.get(ChangeRecorder);
    policies = module.get(PolicyStore);
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await module.close();
  });
  beforeEach(() => {
    organisation = toOrganisationId(newObjectId());
    context = contextOf(organisation);
  });

  /** How many records the organisation has in each collection. */
  const held = async (): Promise<Readonly<Record<string, number>>> => {
    const orgId = toObjectId(organisation);
    const counts = ['policies', 'webhooks', 'revisions', 'audit', 'outbox'].map(
      async (name) => [name, await connection.collection(name).countDocuments({ orgId })] as const,
    );
    const generation = (await module.get(GenerationNumbers).all()).get(organisation) ?? 0;
    return { ...Object.fromEntries(await Promise.all(counts)), generation };
  };
  const nothing = { policies: 0, webhooks: 0, revisions: 0, audit: 0, outbox: 0, generation: 0 };

  describe('promise 2: one change, one transaction', () => {
    it('commits the resource, its revision, the audit record, the outbox entry and the generation together', async () => {
      let told = 0;
      const subscription = recorder.nodeChanges.subscribe(() => (told += 1));
      await recorder.commit(context, (unit) => policies.insert(unit, aPolicy()));
      subscription.unsubscribe();
      expect(await held()).toEqual({ policies: 1, webhooks: 0, revisions: 1, audit: 1, outbox: 1, generation: 1 });
      expect(told).toBe(1);
    });

    it('writes nothing at all when the work fails after it has written', async () => {
      const work = recorder.commit(context, async (unit) => {
        await policies.insert(unit, aPolicy());
        await policies.insert(unit, aPolicy());
        throw new Error('changed my mind');
      });
      await expect(work).rejects.toThrow('changed my mind');
      expect(await held()).toEqual(nothing);
    });

    it('says that the organisation is gone where it was deleted meanwhile, and writes nothing; who asks may still be there', async () => {
      const work = recorder.commit(context, async (unit) => {
        await policies.insert(unit, aPolicy());
        await unit.rules();
      });
      await expect(work).rejects.toThrow(OrganisationGone);
      expect(await held()).toEqual(nothing);
    });

    it('takes the resource back when its revision cannot be written', async () => {
      const draft = aPolicy();
      await connection.collection('revisions').insertOne({
        orgId: toObjectId(organisation),
        kind: 'policy',
        resourceId: draft._id,
        number: 1,
      });
      await expect(recorder.commit(context, (unit) => policies.insert(unit, draft))).rejects.toThrow();
      expect(await held()).toEqual({ ...nothing, revisions: 1 });
    });

    it('takes everything back when the last write of the transaction fails', async () => {
      const generations = connection.collection('generations');
      await generations.insertOne({ _id: toObjectId(organisation), generation: 'not a number' });
      const work = recorder.commit(context, (unit) => policies.insert(unit, aPolicy()));
      await expect(work).rejects.toThrow();
      await generations.deleteOne({ _id: toObjectId(organisation) });
      expect(await held()).toEqual(nothing);
    });

    it('records several resources of one change as one change', async () => {
      await recorder.commit(context, async (unit) => {
        await policies.insert(unit, aPolicy());
        await policies.insert(unit, aPolicy());
        await module.get(WebhookStore).insert(unit, aWebhook());
      });
      expect(await held()).toEqual({ policies: 2, webhooks: 1, revisions: 3, audit: 1, outbox: 1, generation: 1 });
    });

    it('still tells what an earlier version has left to be told, which knew reloads alone', async () => {
      const _id = newObjectId();
      const earlier = {
        _id,
        orgId: toObjectId(organisation),
        sequence: 1,
        generation: 1,
        changes: [],
        complete: true,
        commands: ['ApiAdded', 'PolicyChanged'],
        createdAt: new Date(),
        publishedAt: null,
      };
      await connection.collection('outbox').insertOne(earlier);
      const entry = (await module.get(Outbox).pending(1_000)).find((one) => one._id.equals(_id));
      expect(entry).toMatchObject({
        reload: true,
        effects: [
          { command: 'ApiAdded', payload: '' },
          { command: 'PolicyChanged', payload: '' },
        ],
      });
      expect(entry).not.toHaveProperty('commands');
    });

    it('leaves nodes alone when nothing of it concerns them', async () => {
      await recorder.commit(context, (unit) => module.get(WebhookStore).insert(unit, aWebhook()));
      expect(await held()).toEqual({ ...nothing, webhooks: 1, revisions: 1, audit: 1, outbox: 1 });
      expect(await module.get(Outbox).pending(1_000)).not.toContainEqual(
        expect.objectContaining({ orgId: toObjectId(organisation) }),
      );
    });

    it('records nothing when nothing has changed', async () => {
      const row = await recorder.commit(context, (unit) => policies.insert(unit, aPolicy()));
      const before = await held();
      const same = await recorder.commit(context, (unit) =>
        policies.replace(unit, row, aPolicy({ ...row, document: `  ${row.document}` })),
      );
      expect(same.version).toBe(1);
      expect(await held()).toEqual(before);
    });

    it('says of which index a value is taken, and keeps the first', async () => {
      const policyId = 'the-only-one';
      await recorder.commit(context, (unit) => policies.insert(unit, aPolicy({ policyId })));
      const second = recorder.commit(context, (unit) => policies.insert(unit, aPolicy({ policyId })));
      await expect(second).rejects.toThrow(DuplicateKey);
      await expect(second).rejects.toMatchObject({ fields: ['policyId'] });
      expect(await held()).toMatchObject({ policies: 1, revisions: 1, audit: 1, outbox: 1, generation: 1 });
    });
  });

  describe('promise 8: no lost updates', () => {
    it('gives each of many concurrent writers of an organisation a generation and an outbox entry of its own', async () => {
      const writers = 12;
      await Promise.all(
        Array.from({ length: writers }, () => recorder.commit(context, (unit) => policies.insert(unit, aPolicy()))),
      );
      expect(await held()).toMatchObject({ policies: writers, outbox: writers, generation: writers });
      const entries = await module.get(Outbox).pending(1_000);
      const own = entries.filter(({ orgId }) => orgId.toString() === organisation);
      expect(own.map(({ generation }) => generation).sort((a, b) => a - b)).toEqual(
        Array.from({ length: writers }, (_, index) => index + 1),
      );
    });

    it('lets one of two writers of the same version win, and the other see it', async () => {
      const row = await recorder.commit(context, (unit) => policies.insert(unit, aPolicy()));
      const writer = (name: string): Promise<PolicyRow> =>
        recorder.commit(context, async (unit) => {
          const current = await policies.findById(organisation, row._id, unit.session);
          if (current === null) throw new Error('It is gone');
          return policies.replace(unit, current, { ...current, document: `{"name":"${name}"}` });
        });
      const rows = await Promise.all(['a', 'b', 'c', 'd'].map(writer));
      expect(rows.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5]);
      const { rows: revisions } = await module
        .get(RevisionStore)
        .page(organisation, 'policy', row._id, { place: { page: null }, pageSize: 10 });
      expect(revisions.map(({ number }) => number)).toEqual([5, 4, 3, 2, 1]);
    });
  });

  describe('dryRun', () => {
    it('tells what a commit would change, and changes nothing', async () => {
      const { value, changes } = await recorder.dryRun(context, (unit) => policies.insert(unit, aPolicy()));
      expect(changes).toMatchObject([{ kind: 'policy', id: value._id, operation: 'create', version: 1 }]);
      expect(await held()).toEqual(nothing);
    });

    it('refuses what a commit would refuse', async () => {
      const policyId = 'taken';
      await recorder.commit(context, (unit) => policies.insert(unit, aPolicy({ policyId })));
      const dryRun = recorder.dryRun(context, (unit) => policies.insert(unit, aPolicy({ policyId })));
      await expect(dryRun).rejects.toThrow(DuplicateKey);
    });
  });

  describe('promise 6: tenants cannot see each other', () => {
    it('finds, counts and lists only what belongs to the organisation that is named', async () => {
      const row = await recorder.commit(context, (unit) => policies.insert(unit, aPolicy()));
      const stranger = toOrganisationId(newObjectId());
      expect(await policies.findById(stranger, row._id)).toBeNull();
      expect(await policies.byEitherId(stranger, row.policyId)).toBeNull();
      expect(await policies.findAll(stranger, { _id: row._id })).toEqual([]);
      expect(await policies.count(stranger)).toBe(0);
      expect(await policies.existing(stranger, [row._id])).toEqual(new Set());
      expect(await policies.page(stranger, { sort: { _id: 1 }, place: { page: null }, pageSize: 10 })).toEqual({
        rows: [],
        total: 0,
        next: null,
      });
      expect(await policies.findById(organisation, row._id)).toMatchObject({ _id: row._id });
    });

    it('cannot be talked out of it by the filter', async () => {
      const row = await recorder.commit(context, (unit) => policies.insert(unit, aPolicy()));
      const stranger = toOrganisationId(newObjectId());
      expect(await policies.findAll(stranger, { orgId: row.orgId })).toEqual([]);
      expect(await policies.findAll(stranger, { $or: [{ orgId: row.orgId }, { active: true }] })).toEqual([]);
    });

    it('writes a row of no other organisation than that of the context', async () => {
      const row = await recorder.commit(context, (unit) => policies.insert(unit, aPolicy()));
      expect(row.orgId.toString()).toBe(organisation);
    });
  });
});
