import { historyController } from '../history/history.controller';
import { hookName } from './webhook-content';
import { WebhooksService } from './webhooks.service';

/** The history of web hooks. Stands before the routes with an id alone, so that `deleted` is not taken for one. */
export const WebhookHistoryController = historyController({
  path: 'api/hooks',
  tag: 'Web hooks',
  noun: 'Hook',
  section: 'hooks',
  service: WebhooksService,
  nameOf: hookName,
});
