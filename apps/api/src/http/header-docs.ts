import { nextHeader } from './reply-headers';

/** The headers of replies, as the OpenAPI document has them. */
export interface HeaderDocs {
  readonly [name: string]: {
    readonly description: string;
    readonly required?: boolean;
    readonly schema: { readonly type: 'string'; readonly example?: string };
  };
}

export const requestIdHeader: HeaderDocs = {
  'X-Request-ID': { description: 'The same as in the log', required: true, schema: { type: 'string' } },
};

export const versionHeader: HeaderDocs = {
  ETag: { description: 'The version', required: true, schema: { type: 'string', example: '"7"' } },
};

/** How many requests the caller has left; absent while they are not counted. */
export const rateHeaders: HeaderDocs = {
  'RateLimit-Limit': { description: 'Requests a minute', schema: { type: 'string', example: '6000' } },
  'RateLimit-Remaining': { description: 'How many are left', schema: { type: 'string', example: '5999' } },
  'RateLimit-Reset': { description: 'Seconds until the minute is over', schema: { type: 'string', example: '60' } },
  'RateLimit-Policy': { description: 'The limit and its window', schema: { type: 'string', example: '6000;w=60' } },
};

export const nextPieceHeader: HeaderDocs = {
  [nextHeader]: {
    description: 'Where the next piece of the list begins: send it as `after`; absent from the last one',
    schema: { type: 'string' },
  },
};

/** What of an OpenAPI document some node, or no node, can do. */
export const notesHeader: HeaderDocs = {
  'X-Castellan-Notes': {
    description: 'What of the document some gateway, or none, can do; absent when there is nothing to say',
    schema: { type: 'string' },
  },
};

export const baseApiHeader: HeaderDocs = {
  'X-Tyk-Base-Api-Id': {
    description: 'The `api_id` of the API that this one is a version of; absent when it is none',
    schema: { type: 'string' },
  },
};

export const locationHeader: HeaderDocs = {
  Location: { description: 'Where to go on', required: true, schema: { type: 'string' } },
};

export const fileNameHeader: HeaderDocs = {
  'Content-Disposition': { description: 'The name of the file', schema: { type: 'string' } },
};
