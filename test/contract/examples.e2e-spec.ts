import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { anApiDefinition, aPolicy, listOf, textOf, type HttpClient } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../apps/api/test/api-under-test';
import {
  exampleBodyOf,
  pathWith,
  publishedOperations as operations,
  type PublishedOperation,
} from '../support/published-operations';

const operationNamed = (id: string): PublishedOperation => {
  const found = operations.get(id);
  if (found === undefined) throw new Error(`There is no operation ${id}`);
  return found;
};

/** Those of a fresh installation, in the order in which somebody would try them; each takes its example as it is. */
const underApi = [
  ...['validateApi', 'createApi', 'listApis', 'getApi', 'updateApi', 'updateApiCategories', 'updateApiAccess'],
  ...['createOasApi', 'getOasApi', 'updateOasApi', 'patchOasApi', 'updateOasApiCategories', 'validateOasApi'],
  ...['createStreamsApi', 'updateStreamsApi', 'patchStreamsApi', 'createMcp', 'updateMcp', 'patchMcp'],
  ...['importOasApi', 'dryRunOasApi', 'migrateApis'],
  ...['validatePolicy', 'createPolicy', 'listPolicies', 'getPolicy', 'updatePolicy', 'updatePolicyAccess'],
  ...[
    'previewKey',
    'validateKey',
    'createKey',
    'createCustomKey',
    'getKey',
    'updateKey',
    'updateKeyOfApi',
    'searchKeys',
  ],
  ...['updateKeys', 'reconcileKeys', 'importKeys'],
  ...[
    'createBasicAuthUser',
    'queryAnalytics',
    'eraseFromAnalytics',
    'validateAsset',
    'createAsset',
    'updateOpaRules',
    'updateAdditionalPermissions',
  ],
  ...[
    'validateUser',
    'createUser',
    'createUserGroup',
    'searchUsersByBody',
    'createSsoNonce',
    'validateHook',
    'createIdentityProvider',
  ],
  ...['validateUserGroup', 'validateIdentityProvider'],
  ...['importConfiguration', 'exportConfiguration'],
];

/** What cannot be sent as it is, and why. */
const exempt: Readonly<Record<string, string>> = {
  oidcBackchannelLogout: 'a provider signs the token, a moment before it is sent',
  rotateCertificate: 'ids of certificates hold the id of the organisation and a digest of what was made just before',
  confirmSecondFactor: 'an authenticator shows another code every half minute, for a secret that was made just before',
};
/** The token of the first run follows from this one, so that its example can be right. */
const adminSecret = 'secret-of-the-examples';
const secretKey = randomBytes(32).toString('base64');

describe('the examples of the document, sent as they are to a fresh installation', () => {
  let api: ApiUnderTest;
  let user: HttpClient;
  const tried = new Set<string>();

  const send = async (client: HttpClient, id: string, given: Readonly<Record<string, string>> = {}) => {
    tried.add(id);
    const operation = operationNamed(id);
    const reply = await client.call(operation.method, pathWith(operation, given), { body: exampleBodyOf(operation) });
    return { id, status: reply.status, text: reply.status < 300 ? '' : reply.text, json: reply.json };
  };
  const expectDone = async (client: HttpClient, id: string, given: Readonly<Record<string, string>> = {}) => {
    const { json, status, ...said } = await send(client, id, given);
    expect({ ...said, done: status === 200 || status === 201 }).toEqual({ id, text: '', done: true });
    return json;
  };

  beforeAll(async () => {
    api = await ApiUnderTest.start({ ADMIN_SECRET: adminSecret, SECRET_KEY: secretKey });
  });
  afterAll(() => api.stop());

  it('createUser says what is missing while there is no organisation', async () => {
    const { status, json } = await send(api.admin, 'adminCreateUser');
    expect([status, json['Errors']?.[0]]).toEqual([
      400,
      { path: 'org_id', message: 'there is no organisation yet; create one first' },
    ]);
  });

  it('create an organisation and its administrator', async () => {
    await expectDone(api.admin, 'createOrganisation');
    const { Message: key, Meta: made } = await expectDone(api.admin, 'adminCreateUser');
    user = api.anonymous.with({ authorization: textOf(key) });
    await expectDone(user, 'listApis');
    await expectDone(api.admin, 'adminUpdateUser', { id: textOf(made?.['id']) });
  });

  it('set a password, log in with it, and prove by it who one is', async () => {
    await expectDone(user, 'resetPassword', { id: 'me' });
    await expectDone(api.anonymous, 'logIn');
    const { Meta: factor } = await expectDone(user, 'beginSecondFactor', { id: 'me' });
    const code = new TOTP({ secret: Secret.fromBase32(textOf(factor?.['secret'])) }).generate();
    expectOk(await user.post('/api/users/me/second-factor/confirm', { code }));
    await expectDone(user, 'removeSecondFactor', { id: 'me' });
    const { AccessKey: key } = await expectDone(user, 'resetAccessKey', { id: 'me' });
    user = api.anonymous.with({ authorization: textOf(key) });
  });

  it('found the first organisation, and any number by the operator', async () => {
    const fresh = await ApiUnderTest.start({ ADMIN_SECRET: adminSecret });
    try {
      await expectDone(fresh.anonymous, 'setUp');
      await expectDone(fresh.admin, 'bootstrap');
    } finally {
      await fresh.stop();
    }
  });

  it.each(underApi)('%s works', async (id) => {
    await expectDone(user, id);
  });

  it('change and roll back what has been created', async () => {
    await expectDone(user, 'updateAsset', { id: 'my-template' });
    await expectDone(user, 'rollbackAsset', { id: 'my-template' });
    const users = listOf((await user.get('/api/users?p=-1')).json['users']);
    const grace = users.find((one) => textOf(one['email_address']) === 'grace@acme.example');
    await expectDone(user, 'updateUser', { id: textOf(grace?.['id']) });
    const [group] = listOf((await user.get('/api/usergroups')).json['groups']);
    await expectDone(user, 'updateUserGroup', { id: textOf(group?.['id']) });
    const [provider] = listOf((await user.get('/api/identity-providers')).json['identity_providers']);
    await expectDone(user, 'updateIdentityProvider', { id: textOf(provider?.['id']) });
    await expectDone(user, 'rollbackApi', { id: 'b84fe1a04e5648927971c0557971565c' });
    await expectDone(user, 'rollbackPolicy', { id: '5ead71205759610001818680' });
  });

  it('let a key follow a policy that gives rights, rotate it, and delete it', async () => {
    const policy = aPolicy(['b84fe1a04e5648927971c0557971565c']);
    expectOk(await user.put('/api/portal/policies/5ead71205759610001818680', policy));
    for (const id of ['applyPoliciesToKey', 'rotateKey', 'deleteKeys']) await expectDone(user, id);
  });

  it('work for OAuth clients of an API that has them', async () => {
    const definition = anApiDefinition({ use_keyless: false, use_oauth2: true });
    const { ID } = expectOk(await user.post('/api/apis', { api_definition: definition })).json;
    const apiId = textOf(ID);
    await expectDone(user, 'validateOAuthClient', { apiId });
    const { client_id: clientId } = await expectDone(user, 'createOAuthClient', { apiId });
    await expectDone(user, 'updateOAuthClient', { apiId, clientId: textOf(clientId) });
  });

  it('work for web hooks', async () => {
    const { Meta: id } = await expectDone(user, 'createHook');
    await expectDone(user, 'updateHook', { id: textOf(id) });
    await expectDone(user, 'rollbackHook', { id: textOf(id) });
  });

  it('restore an organisation with its APIs and policies', async () => {
    for (const id of ['importOrganisation', 'updateOrganisation', 'importApis', 'importPolicies']) {
      await expectDone(api.admin, id);
    }
    for (const id of ['adminCreateSsoNonce', 'createOrganisationKey', 'updateOrganisationKey']) {
      await expectDone(api.admin, id);
    }
    const another = await api.admin.post('/admin/users', { email_address: 'x@acme.example' });
    expect([another.status, another.json['Errors']?.[0]?.['message']]).toEqual([400, 'is required: there are several']);
  });

  it('are taken from gateways too', async () => {
    await expectDone(api.node, 'quotaTrigger');
  });

  it('are there for every body, and each was tried', () => {
    // Of files there are no examples.
    const withBody = [...operations].filter(([, { operation }]) => {
      const content = operation['requestBody']?.['content'];
      return content !== undefined && 'application/json' in content;
    });
    expect(withBody.filter(([, documented]) => exampleBodyOf(documented) === undefined).map(([id]) => id)).toEqual([]);
    const untried = withBody.map(([id]) => id).filter((id) => !tried.has(id));
    expect(untried.sort()).toEqual(Object.keys(exempt).sort());
  });
});
