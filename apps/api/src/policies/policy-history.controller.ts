import { historyController } from '../history/history-routes';
import { PoliciesService } from './policies.service';
import { policyName } from './policy-content';

/** The history of policies. */
export const PolicyHistoryController = historyController({
  path: 'api/portal/policies',
  tag: 'Policies',
  kind: 'policy',
  service: PoliciesService,
  nameOf: policyName,
});
