import { historyController } from '../history/history.controller';
import { PoliciesService } from './policies.service';
import { policyName } from './policy-content';

/** The history of policies. Stands before the routes with an id alone, so that `deleted` is not taken for one. */
export const PolicyHistoryController = historyController({
  path: 'api/portal/policies',
  tag: 'Policies',
  noun: 'Policy',
  section: 'policies',
  service: PoliciesService,
  nameOf: policyName,
});
