/** Drives Castellan by types that were generated from openapi.json; `npm run test:clients` compiles and runs it. */
import createClient from 'openapi-fetch';
import type { paths } from './openapi.js';

const [baseUrl = '', secret = ''] = process.argv.slice(2);

const done = <T>({ data, error }: { data?: T; error?: { Message: string } }): T => {
  if (data === undefined) throw new Error(error?.Message ?? 'There is no reply');
  return data;
};

const operator = createClient<paths>({ baseUrl, headers: { 'admin-auth': secret } });
const organisation = done(await operator.POST('/admin/organisations', { body: { owner_name: 'TypeScript' } })).Meta;
const email_address = 'ada@typescript.example';
const created = await operator.POST('/admin/users', { body: { org_id: organisation, email_address } });
const user = createClient<paths>({ baseUrl, headers: { authorization: done(created).Message } });

const proxy = { listen_path: '/typescript/', target_url: 'http://127.0.0.1:8000/' };
const definition = { name: 'Echo', active: true, use_keyless: true, proxy, version_data: { not_versioned: true } };
const { Meta: id } = done(await user.POST('/api/apis', { body: { api_definition: definition } }));

const { apis, pages } = done(await user.GET('/api/apis', { params: { query: { p: 1, sort: '-created_at' } } }));
const found = apis.map((api) => api.created_at).length + pages;
if (found !== 2) throw new Error(`Expected one API on one page, got ${apis.length} on ${pages}`);

const read = await user.GET('/api/apis/{id}', { params: { path: { id } } });
const params = { path: { id }, header: { 'If-Match': read.response.headers.get('etag') ?? '' } };
const body = { ...done(read), api_definition: { ...done(read).api_definition, name: 'Echo 2' } };
done(await user.PUT('/api/apis/{id}', { params, body }));
const late = await user.PUT('/api/apis/{id}', { params, body });
if (late.error?.Code !== 'version_mismatch') throw new Error(`Expected a refusal, got ${late.response.status}`);
const gone = await user.GET('/api/apis/{id}', { params: { path: { id: 'none' } } });
process.stdout.write(`${late.error.Code} ${gone.response.status} ${gone.error?.Code}\n`);
