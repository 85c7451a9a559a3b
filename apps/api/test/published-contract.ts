import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { Contract } from '@castellan/testing';

const root = join(__dirname, '..', '..', '..');

/** The spec files, or folders of them, whose replies are held against the document. */
const held = [
  'apps/api/src/analytics/',
  'apps/api/src/apis/api-conflicts.e2e-spec.ts',
  'apps/api/src/apis/api-lists.e2e-spec.ts',
  'apps/api/src/apis/api-settings.e2e-spec.ts',
  'apps/api/src/apis/api-versions.e2e-spec.ts',
  'apps/api/src/apis/apis.e2e-spec.ts',
  'apps/api/src/apis/tyk-clients.e2e-spec.ts',
  'apps/api/src/keys/keys.e2e-spec.ts',
  'apps/api/src/oas/migration.e2e-spec.ts',
  'apps/api/src/oas/oas-import.e2e-spec.ts',
  'apps/api/src/oas/oas-versions.e2e-spec.ts',
  'apps/api/src/oas/oas.e2e-spec.ts',
  'apps/api/src/organisations/',
  'apps/api/src/policies/policies.e2e-spec.ts',
  'apps/api/src/policies/policy-clients.e2e-spec.ts',
  'apps/api/src/sessions/',
  'apps/api/src/sso/',
  'apps/api/src/users/organisation-users.e2e-spec.ts',
  'apps/api/src/users/user-groups.e2e-spec.ts',
  'apps/api/src/users/users.e2e-spec.ts',
  'apps/api/src/webhooks/webhook-references.e2e-spec.ts',
  'apps/api/src/webhooks/webhooks.e2e-spec.ts',
  'test/contract/',
];

let contract: Contract | undefined;

/**
 * What `openapi.json` promises, for spec files that are held to it; `npm run openapi` writes it again after a change of
 * routes or DTOs.
 */
export const publishedContract = (): Contract | undefined => {
  const { testPath = '' } = expect.getState();
  const path = relative(root, testPath).replaceAll(sep, '/');
  if (!held.some((one) => path.startsWith(one))) return undefined;
  contract ??= Contract.from(readFileSync(join(root, 'openapi.json'), 'utf8'), /^\/(docs|openapi\.json)/);
  return contract;
};
