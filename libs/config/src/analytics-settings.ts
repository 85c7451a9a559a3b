import { z } from 'zod';
import { anyRedis, secretSetting, setting, wholeNumber } from './setting';

/** How records of requests get from Redis into MongoDB. */
export const analyticsSettings = {
  analyticsPurger: setting(
    'ANALYTICS_PURGER',
    z.enum(['on', 'off'], 'must be on or off').default('on'),
    'Whether this replica takes analytics records out of Redis; off where other replicas or tyk-pump do',
    'on',
  ),
  analyticsPurgeMs: setting(
    'ANALYTICS_PURGE_MS',
    wholeNumber(50, 30_000).default(1_000),
    'Time between two looks for analytics records in Redis, in milliseconds; gateways let them expire after a minute',
    '1000',
  ),
  analyticsBatch: setting(
    'ANALYTICS_BATCH',
    wholeNumber(1, 20_000).default(2_000),
    'Most analytics records that are stored in one transaction; a slow database gets fewer by itself',
    '2000',
  ),
  analyticsRecords: setting(
    'ANALYTICS_RECORDS',
    z.enum(['shared', 'organisation'], 'must be shared or organisation').default('shared'),
    'Where records of requests are: in `tyk_analytics`, or in `z_tyk_analyticz_<organisation>`',
    'shared',
  ),
  analyticsMessageLimit: setting(
    'ANALYTICS_MESSAGE_LIMIT',
    wholeNumber(0, 4 * 1024 * 1024).default(512 * 1024),
    'Longest request or response of a detailed recording that is kept whole, in bytes; longer ones are cut and marked',
    '524288',
  ),
  analyticsAggregates: setting(
    'ANALYTICS_AGGREGATES',
    z.enum(['none', 'organisation', 'mixed'], 'must be none, organisation or mixed').default('none'),
    'Whether the documents of tyk-pump’s aggregates are written beside the rollups, for tools that read them: into `z_tyk_analyticz_aggregate_<organisation>`, or into `tyk_analytics_aggregates` too',
    'none',
  ),
  analyticsRedisUrl: secretSetting(
    'ANALYTICS_REDIS_URL',
    anyRedis.default(''),
    'The Redis that gateways put analytics records in, where it is another one than that of their keys; in the same forms',
    'KEYS_REDIS_URL',
  ),
};
