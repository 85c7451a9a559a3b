import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { CertificateVault, OAuthVault } from '@castellan/keys';
import { ChoreStore } from '@castellan/persistence';
import { anApiDefinition, eventually, makeCertificate, textOf, unique, type Reply } from '@castellan/testing';
import { readClient } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addCertificate } from '../../test/certificate-forms';
import { addApi, type Json } from '../../test/configuration';
import { CertificateKeeper } from '../certificates/certificate-keeper';
import { ChoreRunner } from './chore-runner';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let apiId: string;
let redis: Redis;

beforeAll(async () => {
  api = await ApiUnderTest.start({
    ...{ CERTIFICATE_SECRET: 'the-secret-of-the-gateways', CERTIFICATE_SETTLE_MS: '0' },
    ...{ KEY_SETTLE_MS: '600000', KEY_SCAN_MS: '86400000', RECONCILE_MS: '3600000' },
  });
  organisation = await api.organisation();
  apiId = await addApi(organisation, anApiDefinition({ use_keyless: false, use_oauth2: true }));
  redis = new Redis(api.config.redisUrl);
});

afterAll(async () => {
  redis.disconnect();
  await api.stop();
});

/** A call that waits where it has come to, as that of a replica that is stopped there. */
interface Held {
  readonly reached: Promise<void>;
  go: () => void;
}

/** Holds the next call of a step; those after it, of other replicas, pass. */
const holdNext = <Name extends string>(of: Record<Name, (...args: never[]) => Promise<unknown>>, step: Name): Held => {
  const original = of[step];
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    Reflect.set(of, step, async (...args: never[]): Promise<unknown> => {
      Reflect.deleteProperty(of, step);
      resolve();
      await gate;
      return Reflect.apply(original, of, args);
    });
  });
  return { reached, go };
};

describe('two replicas that change an OAuth client at the same time', () => {
  const path = (id = ''): string => `/api/apis/oauth/${apiId}${id && `/${id}`}`;
  const clientText = (id: string): Promise<string | null> => redis.get(`oauth-data.${apiId}.oauth-clientid.${id}`);
  const change = (id: string, body: Json): Promise<Reply> => organisation.admin.client.put(path(id), body);
  const create = async (id: string): Promise<string> => {
    const sent = { client_id: id, redirect_uri: 'https://app.example/callback', description: 'made' };
    return textOf(expectOk(await organisation.admin.client.post(path(), sent)).json['secret']);
  };

  /** What the other replica does, and what the client's secret is then; null when there is no client. */
  const meanwhile: readonly [string, (id: string, secret: string) => Promise<string | null>][] = [
    [
      'changes it',
      async (id, secret) => {
        expectOk(await change(id, { description: 'second' }));
        return secret;
      },
    ],
    [
      'changes it twice, back to what it was',
      async (id, secret) => {
        expectOk(await change(id, { description: 'second' }));
        expectOk(await change(id, { description: 'made' }));
        return secret;
      },
    ],
    [
      'rotates its secret',
      async (id) => textOf(expectOk(await organisation.admin.client.put(`${path(id)}/rotate`, {})).json['secret']),
    ],
    [
      'deletes it',
      async (id) => {
        expectOk(await organisation.admin.client.delete(path(id)));
        return null;
      },
    ],
    [
      'deletes it and makes another one of that id',
      async (id) => {
        expectOk(await organisation.admin.client.delete(path(id)));
        return create(id);
      },
    ],
  ];
  const steps = [
    ['before it writes the text', (): Held => holdNext(api.app.get(OAuthVault), 'swapClient')],
    ['before it puts the text into the set', (): Held => holdNext(api.app.get(OAuthVault), 'listClient')],
    ['before it takes its note away', (): Held => holdNext(api.app.get(ChoreStore), 'done')],
  ] as const;
  const cases = steps.flatMap(([where, hold]) => meanwhile.map(([what, act]) => [where, what, hold, act] as const));

  /** Gateways find in each place what the API says of the client, with its secret. */
  const expectStands = async (id: string, secret: string | null): Promise<void> => {
    const text = await clientText(id);
    const members = await redis.smembers(`oauth-data.${apiId}.oauth-clientset.oauth-clientid.`);
    const ofClient = members.filter((member) => readClient(member)?.clientId === id);
    const listed = await redis.lrange(`oauth-data.${apiId}.oauth-client-index.${organisation.id}`, 0, -1);
    const found = await organisation.admin.client.get(path(id));
    if (secret === null) {
      expect([text, ofClient, listed.includes(`oauth-clientid.${id}`), found.status]).toEqual([null, [], false, 404]);
      return;
    }
    const { description } = expectOk(found).json;
    expect(readClient(text ?? '')).toMatchObject({ clientId: id, secret, description });
    expect(ofClient).toEqual([text]);
    expect(listed.filter((entry) => entry === `oauth-clientid.${id}`)).toHaveLength(1);
  };

  it.each(cases)(
    'leave the later change in Redis: one is stopped %s, the other one %s',
    async (_at, _what, hold, act) => {
      const id = unique('app');
      const secret = await create(id);
      const held = hold();
      const late = change(id, { description: 'first' });
      await held.reached;
      const last = await act(id, secret);
      held.go();
      expectOk(await late);
      await expectStands(id, last);
    },
  );

  it('leave a client that was made while its deletion was stopped, after another one had done the same', async () => {
    const id = unique('app');
    await create(id);
    const held = holdNext(api.app.get(OAuthVault), 'dropClient');
    const late = organisation.admin.client.delete(path(id));
    await held.reached;
    const chores = await api.app.get(ChoreStore).aboutAny([{ job: 'oauth.remove', about: [apiId, id] }]);
    await api.app.get(ChoreRunner).doNow(chores);
    const secret = await create(id);
    held.go();
    expectOk(await late);
    await expectStands(id, secret);
  });

  it.each(meanwhile)(
    'have it put right a minute later when one has died with an old change, after the other one %s',
    async (_what, act) => {
      const id = unique('app');
      const secret = await create(id);
      const held = holdNext(api.app.get(OAuthVault), 'swapClient');
      const late = change(id, { description: 'first' });
      await held.reached;
      const last = await act(id, secret);
      dieBeforeItLooks();
      held.go();
      await late;
      await lookAgain();
      await expectStands(id, last);
    },
  );

  it('leave nothing of one that was deleted while its creation was stopped, by whoever has died then', async () => {
    const id = unique('app');
    const held = holdNext(api.app.get(OAuthVault), 'swapClient');
    const late = create(id).catch(() => '');
    await held.reached;
    expectOk(await organisation.admin.client.delete(path(id)));
    dieBeforeItLooks();
    held.go();
    await late;
    expect(await clientText(id)).not.toBeNull();
    await lookAgain();
    await expectStands(id, null);
  });

  it('leave nothing of one that was deleted while its creation was stopped', async () => {
    const id = unique('app');
    const held = holdNext(api.app.get(OAuthVault), 'swapClient');
    const late = create(id);
    await held.reached;
    expectOk(await organisation.admin.client.delete(path(id)));
    held.go();
    await late;
    await expectStands(id, null);
  });
});

/** A replica that dies as soon as it has brought its change, and before it sees that there is a later one. */
const dieBeforeItLooks = (): void => {
  jest.spyOn(api.app.get(ChoreStore), 'done').mockRejectedValueOnce(new Error('the process is gone'));
};
/** What somebody looks at again, now and not in a minute. */
const lookAgain = async (): Promise<void> => {
  const chores = api.app.get<Connection>(getConnectionToken()).collection('key_store_chores');
  await eventually(async () => {
    await chores.updateMany({}, { $set: { due: new Date(0) } });
    await api.app.get(ChoreRunner).doAllDue();
    return (await chores.countDocuments({})) === 0;
  });
};

describe('two replicas that change a certificate at the same time', () => {
  const raw = (id: string): Promise<string | null> => redis.get(`cert-raw-${id}`);
  const upload = (content: string): Promise<string> => addCertificate(content, organisation);
  const remove = async (id: string): Promise<void> => {
    expectOk(await organisation.admin.client.delete(`/api/certs/${id}`));
  };
  const isListed = async (id: string): Promise<boolean> =>
    (await redis.lrange(`cert-${organisation.id}-index`, 0, -1)).includes(`raw-${id}`);

  it('leave nothing of one that was deleted while its upload was stopped', async () => {
    const { pem } = await makeCertificate();
    const held = holdNext(api.app.get(CertificateVault), 'put');
    const late = upload(pem);
    await held.reached;
    const { json } = expectOk(await organisation.admin.client.get('/api/certs?p=-1'));
    const id = textOf(Array.isArray(json['certs']) ? json['certs'].at(-1) : '');
    await remove(id);
    held.go();
    expect(await late).toBe(id);
    expect([await raw(id), await isListed(id)]).toEqual([null, false]);
  });

  it('leave nothing of one that was deleted while its upload was stopped, by whoever has died then', async () => {
    const { pem } = await makeCertificate();
    const held = holdNext(api.app.get(CertificateVault), 'put');
    const late = upload(pem).catch(() => '');
    await held.reached;
    const { json } = expectOk(await organisation.admin.client.get('/api/certs?p=-1'));
    const id = textOf(Array.isArray(json['certs']) ? json['certs'].at(-1) : '');
    await remove(id);
    dieBeforeItLooks();
    held.go();
    await late;
    expect([await raw(id), await isListed(id)]).toEqual([pem, true]);
    await lookAgain();
    expect([await raw(id), await isListed(id)]).toEqual([null, false]);
  });

  it('leave one that was uploaded again while its deletion was stopped, with the key that it has now', async () => {
    const { pem, keyPem: key } = await makeCertificate();
    const id = await upload(pem);
    const held = holdNext(api.app.get(CertificateVault), 'remove');
    const late = remove(id);
    await held.reached;
    expect(await upload(`${pem}\n${key}`)).toBe(id);
    const text = await raw(id);
    held.go();
    await late;
    expect([await raw(id), await isListed(id)]).toEqual([text, true]);
    expect(text).toContain('PRIVATE KEY');
  });

  it('bring the newer text back where an older one of the same length has come last', async () => {
    const { pem, keyPem: key } = await makeCertificate();
    const id = await upload(`${pem}\n${key}`);
    const text = await raw(id);
    // As long as before, as when the key is encrypted anew.
    const older = (text ?? '').replace('\nMI', '\nMJ');
    expect([older.length, older === text]).toEqual([text?.length, false]);
    await redis.set(`cert-raw-${id}`, older);
    await api.app.get(CertificateKeeper).compare();
    await eventually(async () => (await raw(id)) === text);
  });
});
