import { accessController } from '../ownership/access-routes';
import { PoliciesService } from './policies.service';

/** Who owns policies. */
export const PolicyAccessController = accessController({
  path: 'api/portal/policies',
  tag: 'Policies',
  kind: 'policy',
  section: 'policies',
  called: 'Policy',
  one: 'a policy',
  param: { name: 'id', description: 'Row id or explicit id', example: '5ead71205759610001818680' },
  service: PoliciesService,
});
