import { anApiDefinition, textOf, type Reply } from '@castellan/testing';
import { expectOk, type TestOrganisation } from './api-under-test';
import type { Json } from './configuration';

/** A form as browsers and scripts upload certificates with it. */
export const certificateForm = (fields: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>): FormData => {
  const data = new FormData();
  for (const [name, content] of Object.entries(fields)) {
    if (name === 'password') data.append(name, String(content));
    else data.append(name, new Blob([content]), `${name}.pem`);
  }
  return data;
};

/** Uploads a certificate as its organisation does. */
export const uploadCertificate = (content: string, { admin }: TestOrganisation): Promise<Reply> =>
  admin.client.post('/api/certs', certificateForm({ data: content }));

/** @returns the id of a certificate that was uploaded */
export const addCertificate = async (content: string, owner: TestOrganisation): Promise<string> =>
  textOf(expectOk(await uploadCertificate(content, owner)).json['id']);

/** An API whose callers have to show one of these certificates. */
export const mutualApi = (ids: readonly (string | null)[], more: Json = {}): Json =>
  anApiDefinition({ use_mutual_tls_auth: true, client_certificates: ids, ...more });

/** Of OpenSSL 3, with AES-256 and SHA-256, under the password żółw😀. */
export const pkcs12 = [
  'MIIEbAIBAzCCBCIGCSqGSIb3DQEHAaCCBBMEggQPMIIECzCCAsIGCSqGSIb3DQEHBqCCArMwggKvAgEAMIICqAYJKoZIhvcNAQcBMFcGCSqGSI',
  'b3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj2BiRAmAVeCgICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEIxflfQtyS1ARLZb2zZPaQOA',
  'ggJAxDaZ/zw2RmmgfJrdOiktjj+nW0L9p3ZjoneODg/FFIxQBb+kqcdk39kRF8EqLax4ziI/dwQZ1stYc88zdR27HZZcQ1OYrq2mPVn5D4wzsL',
  '+DRVCMtYn6JNS0XPf5cbKQ5BwHeSwRa8d6YLEvVVcz0mO+dj0l6gZ5BdnH3kRHMi3Yk7/ve2amIPuoLTmC2E6qUBn2NsgDq5lUT2RyvW4Ziew7',
  'rqnr39pRFVgZs9/apmpEJpfXURUZX+LtQpahYenijIojNU5vM4X/yXdnu/LmyPP7tGmEqIdRj6faHaQMgcSP8l9a43FsW4SdN8/5GVv80n+BL5',
  'zt0eVjdS1zPC5MDxkFPJFlPe3zCRijesByzs5+sRMHtQGQIX1y5qSydDQ56jdv9RUuvHrknHPFQkijbtF1fLiObjutXZAZLdzzoIwIinL24eHQ',
  'FzP9EphfUf43L8gL+orPPhoQUsUyUYtCG63YRYaQIZmOQ1L4m5sa+XtVNHQ2RvSONTT2i/+TnXqwbP3nsfbQgf84A5kf6Zx634KKFdLTtWKCH+',
  'mHtLcmGqXzIwTDXDqYhhyMSUaKWgdqSoQOk/OQ7Ty6b27vw9Cdw8dDTwlguJy9cSdJ5SB2lNkFbUboWBukQJokQXEANyaqGLgibuJHeWY69TKu',
  'SBX3wmUxz2d9LbEVkb6GdzL9Z49GIZrzYuxTasMNHc1Gp0VNBBvZjDAcdh/MVMN3TMgphhLOAUAh41eejQCORS3KbfxuTYU4rFrGkOtqGXhCPJ',
  '3DMIIBQQYJKoZIhvcNAQcBoIIBMgSCAS4wggEqMIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwE',
  'CIg8dEWJjQ3PAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQJraDKM5vwlf8IgddvYfN5wSBkBvJRPyiEREky1DtVfZCTohKgZJ8uZ',
  '+Wd8w+11+EQ7zKkj3HWpT9cOb/K82PkNHXIQuE0T1u8i2Nvy2WEZGEVoy+zidY8LYC2IdrDb/8tTVYs0ZlTvDO6UKfCS4oRIgFMAFjxsgQJ6QX',
  'dncWPs06rsCjT4qFYw41152l9KATqnAwhuqSRviZbvRI6Xa3U1Mt7TElMCMGCSqGSIb3DQEJFTEWBBRxdJhfDaO3gf5TRlGtRxnYK1oEuTBBMD',
  'EwDQYJYIZIAWUDBAIBBQAEIBwaTbTt7Nx3U6Rn69vby1Aty3KdpdkN5JqwO6gc6lFcBAgxv23DHJPVLwICCAA=',
].join('');
