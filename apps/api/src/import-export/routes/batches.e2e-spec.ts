import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { ApiStore, newObjectId, toObjectId, ImportStore } from '@castellan/persistence';
import { anApiDefinition, eventually, listOf, textOf, unique } from '@castellan/testing';
import { Planner } from '../planner';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import {
  addApi,
  addHook,
  aHook,
  editable,
  definitionIn,
  exportOf,
  newWrapper,
  refer,
  type EditableDocument,
  addPolicy,
} from '../../../test/configuration';
import { Gate, servedBy, type GatedMethod } from '../../../test/held-imports';

describe('promise: nodes never see half of an import', () => {
  const batch = 3;
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let before: string;
  let document: EditableDocument;
  let kept: string;
  let others: ApiUnderTest[];
  let gates: Gate[];

  beforeAll(async () => {
    api = await ApiUnderTest.start({ IMPORT_BATCH: String(batch) });
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    others = [];
    gates = [];
    organisation = await api.organisation();
    kept = await addApi(organisation);
    const [swapped, other, gone] = [await addApi(organisation), await addApi(organisation), await addApi(organisation)];
    await addPolicy(organisation, [kept]);
    before = await exportOf(organisation);
    document = editable(before);
    definitionIn(document, kept)['name'] = 'Changed';
    const [one, two] = [definitionIn(document, swapped).proxy, definitionIn(document, other).proxy];
    [one['listen_path'], two['listen_path']] = [two['listen_path'], one['listen_path']];
    document.apis = document.apis.filter(({ api_definition: definition }) => definition['api_id'] !== gone);
    for (let index = 0; index < 10; index += 1) document.apis.push(newWrapper());
  });
  afterEach(async () => {
    for (const gate of gates) gate.release();
    for (const replica of others) await replica.stop();
    jest.restoreAllMocks();
  });

  const anotherReplica = (): Promise<ApiUnderTest> => {
    const { mongodbUri, adminSecret, nodeSecret } = api.config;
    return ApiUnderTest.start({
      IMPORT_BATCH: String(batch),
      DATABASE: new URL(mongodbUri).pathname.slice(1),
      ADMIN_SECRET: adminSecret,
      NODE_SECRET: nodeSecret,
    });
  };
  const holdUp = (method: GatedMethod, afterCalls: number, replica = api): Gate => {
    const store = replica.app.get(ImportStore);
    const replace: ConstructorParameters<typeof Gate>[1] = (held) => jest.spyOn(store, method).mockImplementation(held);
    const gate = new Gate(store[method].bind(store), replace, afterCalls);
    gates.push(gate);
    return gate;
  };
  const ours = () => ({ orgId: toObjectId(organisation.id) });
  const idsIn = ({ apis }: EditableDocument) => apis.map((wrapper) => textOf(wrapper.api_definition['api_id'])).sort();
  const newIds = () => idsIn(document).filter((id) => !before.includes(id));
  const claimsOfAll = async () =>
    collection('apis')
      .find(ours())
      .project({ apiId: 1, claims: 1, slugClaim: 1, addresses: 1 })
      .sort({ apiId: 1 })
      .toArray();
  const send = (query = '?prune=true', body: unknown = document) =>
    organisation.admin.client.post(`/api/import${query}`, body);
  const lastImport = async () => listOf((await organisation.admin.client.get('/api/import')).json['imports'])[0];
  const collection = (name: string) => api.app.get<Connection>(getConnectionToken()).collection(name);
  const served = async (replica = api, ...besides: readonly TestOrganisation[]) =>
    [...(await servedBy(replica, [organisation, ...besides]))].sort();
  /** A replica looks at its start for imports that nobody works on any more, so a new one finds ours at once. */
  const takeOver = async (): Promise<ApiUnderTest> => {
    await collection('imports').updateMany(ours(), { $set: { leaseUntil: new Date(0) } });
    const replica = await anotherReplica();
    others.push(replica);
    return replica;
  };
  const counts = { create: 10, update: 3, delete: 1, unchanged: 1 };

  it('shows nodes everything at once, and tells them once', async () => {
    const told = await collection('outbox').countDocuments(ours());
    const reply = expectOk(await send());
    expect(reply.json['Meta']).toMatchObject({ counts, import: expect.stringMatching(/^[0-9a-f]{24}$/) as string });
    expect(await served()).toEqual(idsIn(document));
    expect(await collection('outbox').countDocuments(ours())).toBe(told + 1);
    expect(await lastImport()).toMatchObject({ state: 'applied', steps: 14, made: 14, refusal: null });
    expect(expectOk(await send()).json['Meta']).toMatchObject({ import: null, counts: { unchanged: 14 } });
    const importId = toObjectId(textOf(reply.json['Meta']?.['import']));
    for (const leftOver of ['import_steps', 'import_journal', 'frozen_lists']) {
      expect(await collection(leftOver).countDocuments({ importId })).toBe(0);
    }
  });

  it('plans the same as it does, and a dry run writes nothing', async () => {
    const planned = expectOk(await send('?prune=true&dryRun=true'));
    expect(planned.json['Meta']).toMatchObject({ counts, import: null });
    expect(await exportOf(organisation)).toBe(before);
    const made = expectOk(await send());
    const withoutIds = (reply: typeof made) =>
      listOf(reply.json['Meta']?.['resources']).map((resource) => ({ ...resource, id: '' }));
    expect(withoutIds(made)).toEqual(withoutIds(planned));
  });

  describe('when somebody else writes between the plan and what is made of it', () => {
    /** Lets somebody write right after the first plan. @returns how often was planned */
    const meanwhile = (write: () => Promise<unknown>): { plans: number } => {
      const planner = api.app.get(Planner);
      const plan = planner.plan.bind(planner);
      const seen = { plans: 0 };
      jest.spyOn(planner, 'plan').mockImplementation(async (scope, request) => {
        seen.plans += 1;
        const made = await plan(scope, request);
        if (seen.plans === 1) await write();
        return made;
      });
      return seen;
    };
    const small = (): EditableDocument => ({ apis: [newWrapper()], policies: [], hooks: [] });

    it.each([
      ['in one transaction', () => small()],
      ['in batches', () => document],
    ])('plans an import %s anew, and nobody’s write is lost', async (_how, wanted) => {
      const body = wanted();
      let theirs = '';
      const seen = meanwhile(async () => (theirs = await addApi(organisation)));
      const reply = expectOk(await send('', body));
      expect(seen.plans).toBe(2);
      expect(reply.json['Meta']?.['counts']).toMatchObject({ create: body === document ? 10 : 1 });
      const after = idsIn(editable(await exportOf(organisation)));
      expect(after).toEqual(expect.arrayContaining([theirs, ...idsIn(body)]));
    });

    it.each([
      ['in one transaction', () => small()],
      ['in batches', () => document],
    ])('refuses an import %s when its place was taken, and writes nothing of it', async (_how, wanted) => {
      const body = wanted();
      const listenPath = body.apis.at(-1)?.api_definition.proxy['listen_path'];
      const seen = meanwhile(() => addApi(organisation, anApiDefinition({ proxy: { listen_path: listenPath } })));
      const reply = await send('', body);
      expect([reply.status, seen.plans]).toEqual([409, 2]);
      expect(idsIn(editable(await exportOf(organisation)))).toHaveLength(editable(before).apis.length + 1);
    });
  });

  it('serves what there was until the end, on a replica that starts meanwhile too', async () => {
    const hook = await addHook(organisation);
    Reflect.deleteProperty(document, 'hooks');
    const gate = holdUp('stepsBetween', 2);
    const nodesBefore = await served();
    const running = send();
    await gate.reached;
    expect(await lastImport()).toMatchObject({ state: 'applying', made: 2 * batch });
    const names = listOf((await organisation.admin.client.get('/api/apis?p=-1')).json['apis']);
    expect(names.length).toBeGreaterThan(nodesBefore.length);
    expect(await served()).toEqual(nodesBefore);
    const fresh = await anotherReplica();
    others.push(fresh);
    expect(await served(fresh)).toEqual(nodesBefore);

    const refused = [
      await organisation.admin.client.put(`/api/apis/${kept}`, { api_definition: anApiDefinition({ api_id: kept }) }),
      await send('', { apis: [newWrapper()] }),
      await send('?prune=true&dryRun=true'),
      await organisation.admin.client.get('/api/export'),
    ];
    expect(refused.map(({ status, json }) => [status, textOf(json['Code'])])).toEqual(
      refused.map(() => [409, 'import_running']),
    );
    expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(refused.map(() => '5'));
    expect((await organisation.admin.client.delete(`/api/hooks/${hook}`)).status).toBe(200);
    const elsewhere = await api.organisation();
    const unconcerned = await addApi(elsewhere);
    expect(await served(fresh, elsewhere)).toEqual([...nodesBefore, unconcerned].sort());

    const same = fresh.anonymous
      .with({ authorization: organisation.admin.accessKey })
      .post('/api/import?prune=true', document);
    gate.release();
    expect((await running).json['Meta']).toMatchObject({ counts });
    expect((await same).json['Meta']).toMatchObject({ counts, resources: null });
    for (const replica of [api, fresh]) {
      expect(await served(replica, elsewhere)).toEqual([...idsIn(document), unconcerned].sort());
    }
  });

  it('is finished by another replica when the first one dies, and no step is made twice', async () => {
    const gate = holdUp('stepsBetween', 2);
    const running = send();
    await gate.reached;
    const survivor = await takeOver();
    await eventually(async () => ((await lastImport())?.['state'] as unknown) === 'applied');
    expect(await served(survivor)).toEqual(idsIn(document));
    // Whoever comes back from the dead must not undo what was done since.
    const last = newIds().at(-1) ?? '';
    const byHand = { ...definitionIn(document, last), name: 'By hand' };
    expectOk(await organisation.admin.client.put(`/api/apis/${last}`, { api_definition: byHand }));
    const revisions = await collection('revisions').countDocuments(ours());
    gate.release();
    expect((await running).status).toBe(200);
    expect(await collection('revisions').countDocuments(ours())).toBe(revisions);
    expect(expectOk(await send()).json['Meta']).toMatchObject({ counts: { update: 1, unchanged: 13 } });
  });

  it('lets go of what it moves batch by batch, however much that is, and another replica goes on with that', async () => {
    for (let index = 0; index < 2 * batch; index += 1) await addApi(organisation);
    document = editable(await exportOf(organisation));
    const proxies = document.apis.map(({ api_definition: { proxy } }) => proxy);
    const paths = proxies.map((proxy) => proxy['listen_path']);
    for (const [index, proxy] of proxies.entries()) proxy['listen_path'] = paths[(index + 1) % paths.length];
    const sizes: number[] = [];
    const held = holdUp('stepsToRelease', 2);
    const store = api.app.get(ApiStore);
    const releaseClaims = store.releaseClaims.bind(store);
    jest.spyOn(store, 'releaseClaims').mockImplementation((owner, ids, session) => {
      if (ids.length > 0) sizes.push(ids.length);
      return releaseClaims(owner, ids, session);
    });
    const running = send();
    await held.reached;
    expect(sizes).toEqual([batch, batch]);
    expect(await lastImport()).toMatchObject({ state: 'applying', made: 0 });
    const survivor = await takeOver();
    await eventually(async () => ((await lastImport())?.['state'] as unknown) === 'applied');
    held.release();
    expect((await running).json['Meta']).toMatchObject({ counts: { update: paths.length } });
    expect(editable(await exportOf(organisation)).apis).toEqual(document.apis);
    expect(await served(survivor)).toEqual(idsIn(document));
  });

  it('is handed over by a replica that is stopped in order', async () => {
    const leaving = await anotherReplica();
    const gate = holdUp('stepsBetween', 2, leaving);
    const client = leaving.anonymous.with({ authorization: organisation.admin.accessKey });
    const running = client.post('/api/import?prune=true', document);
    await gate.reached;
    const stopping = leaving.stop();
    gate.release();
    const reply = await running;
    expect([reply.status, reply.json['Code']]).toEqual([503, 'unavailable']);
    await stopping;
    const again = expectOk(await send());
    expect(again.json['Meta']?.['counts']).toMatchObject({
      delete: Object.is(again.json['Meta']?.['import'], null) ? 0 : 1,
    });
    expect(await served()).toEqual(idsIn(document));
  });

  it('refuses before the first batch what a batch would refuse, and a dry run says so', async () => {
    const hook = await addHook(organisation);
    await refer(organisation, kept, hook, definitionIn(document, kept));
    before = await exportOf(organisation);
    const revisions = await collection('revisions').countDocuments(ours());
    const tenHooks = Array.from({ length: 10 }, () => aHook({ id: newObjectId().toString() }));
    const withoutHook = { policies: editable(before).policies, hooks: tenHooks };
    for (const query of ['?prune=true&dryRun=true', '?prune=true']) {
      const reply = await send(query, withoutHook);
      expect([reply.status, reply.json['Code'], reply.json['Errors']]).toEqual([
        409,
        'in_use',
        [{ path: `apis.${kept}.hook_references`, message: 'API "Changed" refers to the web hook' }],
      ]);
    }
    expect(await collection('revisions').countDocuments(ours())).toBe(revisions);
    expect(await exportOf(organisation)).toBe(before);
  });

  it('refuses a document that the database could not hold at its place, and writes nothing down', async () => {
    const imports = await collection('imports').countDocuments({});
    Object.assign(document.apis.at(-1)?.api_definition ?? {}, { config_data: { text: 'x'.repeat(14 * 1024 * 1024) } });
    const { status, json } = await send();
    const errors = [
      { path: `apis[${document.apis.length - 1}]`, message: 'A document may take 14680064 bytes of JSON text' },
    ];
    expect([status, json['Code'], json['Errors']]).toEqual([400, 'validation_failed', errors]);
    expect(await collection('imports').countDocuments({})).toBe(imports);
  });

  describe('when a step is refused after all', () => {
    /** Somebody else takes a listen path after the import was checked. */
    let elsewhere: TestOrganisation;
    const takePath = async () => {
      const path = definitionIn(document, newIds().at(-1) ?? '').proxy['listen_path'];
      elsewhere = await api.organisation();
      return addApi(elsewhere, anApiDefinition({ proxy: { listen_path: path } }));
    };

    it('takes everything back, names the entry, and nodes never notice', async () => {
      const gate = holdUp('stepsBetween', 2);
      const nodesBefore = await served();
      const claims = await claimsOfAll();
      const running = send();
      await gate.reached;
      const theirs = await takePath();
      const nodesMeanwhile = await served(api, elsewhere);
      gate.release();
      const reply = await running;
      expect([reply.status, reply.json['Code']]).toEqual([409, 'listen_path_conflict']);
      expect(textOf(listOf(reply.json['Errors'])[0]?.['path'])).toMatch(/^apis\[\d+\]$/);
      expect(await lastImport()).toMatchObject({ state: 'undone', refusal: { code: 'listen_path_conflict' } });
      expect(await exportOf(organisation)).toBe(before);
      expect(await served(api, elsewhere)).toEqual(nodesMeanwhile);
      expect(nodesMeanwhile).toEqual(expect.arrayContaining(nodesBefore));
      // What had been let go is claimed again, and the organisation takes changes again.
      expect((await claimsOfAll()).filter(({ apiId }) => apiId !== theirs)).toEqual(claims);
      await addApi(organisation);
    });

    it('lets go of an id that somebody else has taken meanwhile, says so, and does not stand still for ever', async () => {
      const [renamed, ...others] = idsIn(document).filter((id) => before.includes(id) && id !== kept);
      const newId = unique('a-renamed');
      definitionIn(document, renamed ?? '')['api_id'] = newId;
      const gate = holdUp('stepsBetween', 2);
      const running = send();
      await gate.reached;
      const theirs = await takePath();
      await addApi(await api.organisation(), anApiDefinition({ api_id: renamed, active: false }));
      gate.release();
      const reply = await running;
      expect([reply.status, reply.json['Code']]).toEqual([409, 'listen_path_conflict']);
      expect(listOf(reply.json['Errors']).map(({ path, message }) => [path, message])).toContainEqual([
        expect.stringMatching(/^apis [0-9a-f]{24}$/),
        'could not be put back, because something else has its id now; its history still has it',
      ]);
      expect(await lastImport()).toMatchObject({ state: 'undone' });
      // Everything else is as it was, nodes are served what there is, and the organisation takes changes again.
      const deleted = editable(before).apis.map(({ api_definition: { api_id: id } }) => textOf(id));
      const now = [...deleted.filter((id) => id !== renamed), newId];
      expect(idsIn(editable(await exportOf(organisation)))).toEqual(now.sort());
      expect(now).toEqual(expect.arrayContaining(others));
      await eventually(async () => (await served(api, elsewhere)).join() === [...now, theirs].sort().join());
      await addApi(organisation);
    });

    it('claims everything again when whoever took it back died right after', async () => {
      const gate = holdUp('stepsBetween', 2);
      const claims = await claimsOfAll();
      const running = send();
      await gate.reached;
      const theirs = await takePath();
      // As if it ended after it had put rows back, and before it had claimed for them.
      const dead = jest
        .spyOn(api.app.get(ApiStore), 'claimAgain')
        .mockRejectedValue(new Error('The process is no more'));
      gate.release();
      await eventually(async () => (await collection('imports').countDocuments({ ...ours(), journaled: 0 })) === 1);
      dead.mockRestore();
      await takeOver();
      await eventually(async () => ((await lastImport())?.['state'] as unknown) === 'undone');
      expect((await running).status).toBe(409);
      expect((await claimsOfAll()).filter(({ apiId }) => apiId !== theirs)).toEqual(claims);
    });

    it('comes to an end even when somebody has damaged its journal', async () => {
      const gate = holdUp('stepsBetween', 2);
      const running = send();
      await gate.reached;
      await takePath();
      await collection('import_journal').deleteMany({});
      gate.release();
      expect((await running).status).toBe(409);
      expect(await lastImport()).toMatchObject({ state: 'undone' });
      await addApi(organisation);
    });

    it('is taken back by another replica when the first one dies at it', async () => {
      const gate = holdUp('stepsBetween', 2);
      const undoing = holdUp('journalBetween', 0);
      const running = send();
      await gate.reached;
      await takePath();
      gate.release();
      await undoing.reached;
      const survivor = await takeOver();
      await eventually(async () => ((await lastImport())?.['state'] as unknown) === 'undone');
      undoing.release();
      expect((await running).status).toBe(409);
      expect(await exportOf(organisation)).toBe(before);
      expect(await served(survivor)).toEqual(await served());
    });
  });
});
