import type { ImportOptions } from '@castellan/tyk';
import { versionParameters } from '../apis/version-query';
import { choice, text, tolerated, WrongValue, type Parameter } from '../http/query/parameter';
import { RouteQuery, type Asked } from '../http/query/query';

/** Templates are stored by newer tools; none is applied yet, and a name that would be ignored is refused. */
const template: Parameter<undefined> = {
  description: 'Templates are not applied; a value is refused',
  schema: { type: 'string', maxLength: 0 },
  required: false,
  read: (given = '') => {
    if (given !== '') throw new WrongValue('names no template');
    return undefined;
  },
};

const longestAddress = 2_048;
const place = (description: string): Parameter<string | undefined> => text({ description, maxLength: longestAddress });
const setting = (description: string): Parameter<boolean | undefined> =>
  choice({ description: `${description}; left out, nothing changes` });

/** What a document is made an API with, where the document does not say it itself. */
const importParameters = {
  upstreamURL: place('Where the API proxies to; otherwise the document’s first server'),
  listenPath: place('Where the API listens; otherwise a path made of the title'),
  customDomain: place('The domain that the API answers on'),
  allowList: setting('Let through the operations of the document only'),
  validateRequest: setting('Validate requests that have parameters or a JSON body'),
  mockResponse: setting('Answer with the examples of the document'),
  authentication: setting('Ask for the credentials that the document’s `security` names'),
  lenient: setting(
    'Leave out, and report, paths that differ from an earlier one in the names of their parameters only',
  ),
  templateID: template,
};

/** Import and dry run (`POST /api/apis/oas/import` of Tyk). */
export const importQuery = new RouteQuery({ ...versionParameters, ...importParameters });

export const patchQuery = new RouteQuery(importParameters);

export const createQuery = new RouteQuery({
  ...versionParameters,
  templateID: template,
  accept_additional_properties: tolerated('tyk-sync'),
});

export const modeQuery = new RouteQuery({
  mode: text({ description: '`public` leaves out what is Tyk’s; any other value does not', maxLength: 64 }),
});

/** The options that are given, and only those. */
export const importOptionsOf = (asked: Asked<typeof patchQuery>): ImportOptions => {
  const { upstreamURL: upstreamUrl, listenPath, customDomain } = asked;
  const { allowList, validateRequest, mockResponse, authentication, lenient } = asked;
  return {
    ...(listenPath === undefined ? {} : { listenPath: listenPath.trim() }),
    ...(upstreamUrl === undefined ? {} : { upstreamUrl: upstreamUrl.trim() }),
    ...(customDomain === undefined ? {} : { customDomain: customDomain.trim() }),
    ...(authentication === undefined ? {} : { authentication }),
    ...(allowList === undefined ? {} : { allowList }),
    ...(validateRequest === undefined ? {} : { validateRequest }),
    ...(mockResponse === undefined ? {} : { mockResponse }),
    ...(lenient === undefined ? {} : { lenient }),
  };
};
