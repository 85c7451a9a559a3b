import { accessController } from '../ownership/access-routes';
import { exampleApiId } from './api-example';
import { ApisService } from './apis.service';

/** Who owns APIs. */
export const ApiAccessController = accessController({
  path: 'api/apis',
  tag: 'API definitions',
  kind: 'api',
  section: 'apis',
  called: 'API',
  one: 'an API',
  param: { name: 'id', description: 'Database id or api_id', example: exampleApiId },
  service: ApisService,
});
