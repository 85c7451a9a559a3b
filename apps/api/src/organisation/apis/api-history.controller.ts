import { historyController } from '../resource/history.controller';
import { definitionOf, textField } from './api-content';
import { ApisService } from './apis.service';

/** The history of API definitions. Stands before the routes with an id alone, so that `deleted` is not taken for one. */
export const ApiHistoryController = historyController({
  path: 'api/apis',
  tag: 'API definitions',
  noun: 'Api',
  section: 'apis',
  service: ApisService,
  nameOf: (document) => textField(definitionOf(document), 'name'),
});
