import { makeCertificate, textOf, unique, type JsonReply, type Reply } from '@castellan/testing';
import type { ApiUnderTest, TestOrganisation } from './api-under-test';
import type { Json } from './configuration';

/** Where the changes are made, and what they are made of. */
interface Place {
  readonly api: ApiUnderTest;
  readonly organisation: TestOrganisation;
  readonly policyId: string;
  readonly oauthApiId: string;
  readonly userId: string;
}

type Step = () => Promise<Reply>;

/** Changes of every kind that is no part of what gateways load: each is created, changed and deleted. */
export const unseenOf = async ({
  api,
  organisation,
  policyId,
  oauthApiId,
  userId,
}: Place): Promise<readonly Step[]> => {
  const { client } = organisation.admin;
  const life = (
    path: string,
    body: Json | FormData,
    change: Json | null,
    idOf: (json: JsonReply) => unknown,
  ): Step[] => {
    let id = '';
    const create: Step = async () => {
      const reply = await client.post(path, body);
      id = textOf(idOf(reply.json));
      return reply;
    };
    const update: readonly Step[] = change === null ? [] : [() => client.put(`${path}/${id}`, change)];
    return [create, ...update, () => client.delete(`${path}/${id}`)];
  };
  const meta = (json: JsonReply): unknown => json['Meta'];
  const grants = { user_permissions: { apis: 'read' } };
  const certificate = new FormData();
  const { pem } = await makeCertificate({ name: 'client.example' });
  certificate.append('data', new Blob([pem]), 'certificate.pem');
  const template = { id: unique('template'), kind: 'oas-template', name: 'Sizes', data: {} };
  const accounts = { name: unique('provider'), issuer: 'https://accounts.example', client_id: 'castellan' };
  const person = { email_address: `${unique('user')}@example.org`, first_name: 'Ada', ...grants };
  const session = `/admin/org/keys/${organisation.id}`;
  return [
    ...life('/api/keys', { apply_policies: [policyId] }, { alias: 'changed' }, (json) => json['key_hash']),
    ...life('/api/certs', certificate, null, (json) => json['id']),
    ...life(
      `/api/apis/oauth/${oauthApiId}`,
      { redirect_uri: 'https://app.example/' },
      { description: 'changed' },
      (json) => json['client_id'],
    ),
    ...life('/api/assets', template, { ...template, name: 'changed' }, (json) => json['ID']),
    ...life('/api/usergroups', { name: unique('group'), ...grants }, { description: 'changed' }, meta),
    ...life('/api/identity-providers', accounts, { ...accounts, name: unique('changed') }, meta),
    ...life('/api/users', person, { last_name: 'changed' }, (json) => json['Meta']?.['id'] ?? json['Meta']),
    () => client.put(`/api/users/${userId}/actions/key/reset`, {}),
    () => client.put(`/api/portal/policies/${policyId}/access`, { userIds: [userId], userGroupIds: [] }),
    () => api.admin.put(session, { quota_max: 1_000, quota_renewal_rate: 60 }),
    () => api.admin.put(`${session}?reset_quota=1`, { quota_max: 2_000, quota_renewal_rate: 60 }),
    () => api.admin.delete(session),
  ];
};
