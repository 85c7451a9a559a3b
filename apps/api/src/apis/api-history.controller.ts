import { textAt } from '@castellan/tyk';
import { historyController } from '../history/history.controller';
import { ApisService } from './apis.service';

/** The history of API definitions. Stands before the routes with an id alone, so that `deleted` is not taken for one. */
export const ApiHistoryController = historyController({
  path: 'api/apis',
  tag: 'API definitions',
  noun: 'Api',
  section: 'apis',
  service: ApisService,
  nameOf: (document) => textAt(document, 'api_definition', 'name'),
});
