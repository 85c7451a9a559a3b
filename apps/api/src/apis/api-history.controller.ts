import { textAt } from '@castellan/tyk';
import { historyController } from '../history/history-routes';
import { ApisService } from './apis.service';

/** The history of API definitions. */
export const ApiHistoryController = historyController({
  path: 'api/apis',
  tag: 'API definitions',
  kind: 'api',
  service: ApisService,
  nameOf: (document) => textAt(document, 'api_definition', 'name'),
});
