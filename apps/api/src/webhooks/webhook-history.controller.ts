import { historyController } from '../history/history-routes';
import { hookName } from './webhook-content';
import { WebhooksService } from './webhooks.service';

/** The history of web hooks. */
export const WebhookHistoryController = historyController({
  path: 'api/hooks',
  tag: 'Web hooks',
  kind: 'webhook',
  service: WebhooksService,
  nameOf: hookName,
});
