import { figuresController, type FiguresRoute } from './figures-routes';

/** How much is called. */
const usage: readonly FiguresRoute[] = [
  { path: '', id: 'usage', action: 'Activity - Average Usage', summary: 'Requests over time' },
  { path: 'apis', id: 'usageByApi', action: 'Activity - Usage by API', summary: 'Requests by API', by: ['api'] },
  {
    path: 'apis/:api',
    id: 'usageOfApi',
    action: 'Activity - Usage of API',
    summary: 'Requests to one API, by version',
    of: 'api',
    by: ['api', 'version'],
  },
];

/** How much fails. */
const errors: readonly FiguresRoute[] = [
  {
    path: 'count',
    id: 'errorCount',
    action: 'Activity - Errors',
    summary: 'Errors over time: hits of these rows are errors',
    errorsOnly: true,
  },
];

/** Which keys call. */
const keys: readonly FiguresRoute[] = [
  { path: 'keys', id: 'activityByKey', action: 'Activity - Keys', summary: 'Requests by key', by: ['key'] },
  {
    path: 'keys/:key',
    id: 'activityOfKey',
    action: 'Activity - Key',
    summary: 'Requests of one key over time',
    of: 'key',
  },
  {
    path: 'keys/endpoint/:key',
    id: 'endpointsOfKey',
    action: 'Activity - Key Endpoints',
    summary: 'Requests of one key by endpoint',
    of: 'key',
    by: ['path', 'api'],
  },
  {
    path: 'keys/aggregate/:keys',
    id: 'activityOfKeys',
    action: 'Activity - Keys Aggregate',
    summary: 'Requests of several keys together over time; keys are comma-separated',
    of: 'key',
  },
];

/** Which OAuth clients call. */
const oauthClients: readonly FiguresRoute[] = [
  {
    path: 'oauthid',
    id: 'activityByOauthClient',
    action: 'Activity - OAuth Clients',
    summary: 'Requests by OAuth client',
    by: ['oauth'],
  },
  {
    path: 'oauthid/endpoint/:client',
    id: 'endpointsOfOauthClient',
    action: 'Activity - OAuth Client Endpoints',
    summary: 'Requests of one OAuth client by endpoint',
    of: 'oauth',
    by: ['path', 'api'],
  },
  {
    path: 'oauthid/:client',
    id: 'activityOfOauthClient',
    action: 'Activity - OAuth Client',
    summary: 'Requests of one OAuth client over time',
    of: 'oauth',
  },
];

/** What is called, from where, and how it goes. */
const others: readonly FiguresRoute[] = [
  {
    path: 'endpoint',
    id: 'activityByEndpoint',
    action: 'Activity - Endpoints',
    summary: 'Requests by endpoint',
    by: ['path', 'api'],
  },
  { path: 'geo', id: 'activityByCountry', action: 'Activity - Geo', summary: 'Requests by country', by: ['country'] },
  {
    path: 'errors',
    id: 'activityByError',
    action: 'Activity - Errors by Code',
    summary: 'Errors by response code',
    by: ['code'],
    errorsOnly: true,
  },
  {
    path: 'tags',
    id: 'activityByTag',
    action: 'Activity - Tags',
    summary: 'Requests by tag; a request with two tags counts for both',
    by: ['tag'],
  },
  {
    path: 'versions',
    id: 'activityByVersion',
    action: 'Activity - Versions',
    summary: 'Requests by API and version',
    by: ['api', 'version'],
  },
];

export const figuresControllers = [
  figuresController('api/usage', usage),
  figuresController('api/errors', errors),
  figuresController('api/activity', [...keys, ...oauthClients, ...others]),
];
