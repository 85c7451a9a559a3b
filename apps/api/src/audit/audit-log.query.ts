import { ValidationFailed } from '@castellan/dto';
import { isObjectIdText, kindNames, type AuditFilter } from '@castellan/persistence';
import { listParameters } from '../http/paging';
import { moment, type Moment } from '../http/query/moment';
import { flag, integer, narrowing, oneOf, required, search, text } from '../http/query/parameter';
import { RouteQuery, type Asked } from '../http/query/query';

const logParameters = {
  ...listParameters,
  user: text({ description: 'Email address or id of a user, or `admin`' }),
  action: text({ description: 'What was done', example: 'Update API' }),
  ip: text({ description: 'Address of the caller', example: '127.0.0.1', maxLength: 64 }),
  method: text({
    description: 'HTTP method',
    example: 'PUT',
    pattern: /^[A-Za-z]{1,16}$/,
    looks: 'an HTTP method',
  }),
  status: integer({ description: 'HTTP status of the reply', example: 200, minimum: 100, maximum: 599 }),
  url: search({ description: 'A part of the path' }),
  from_date: moment({ description: 'First day, in UTC, or first moment', example: '2025-01-23' }),
  to_date: moment({ description: 'Last day, in UTC, or last moment', example: '2025-01-24T16:30:00Z' }),
  resource: text({
    description: `Kind (${kindNames().join(', ')}) or database id of what was changed`,
    maxLength: 64,
  }),
  request_id: text({ description: 'The X-Request-ID of a request' }),
  download: flag({ description: 'Everything that matches, as a file' }),
  type: oneOf(['csv', 'json'], { description: 'Format of the file; json when left out' }),
};

/** A file is looked at later, by somebody who does not see what was asked for. */
const asFile = { by: 'download', value: true } as const;

/** What `GET /api/audit-logs` can be asked; `resource`, `request_id` and times of a day are Castellan's. */
export const auditLogQuery = new RouteQuery(logParameters, asFile);

export type AuditSearch = Asked<typeof auditLogQuery>;

const owner = narrowing({
  description: 'Of one organisation; `none` for what concerns no organisation',
  pattern: /^([0-9a-fA-F]{24}|[nN][oO][nN][eE])$/,
  looks: 'the id of an organisation, or none',
});

/** The same on the operator’s plane, over all organisations or one. */
export const operatorAuditLogQuery = new RouteQuery({ ...logParameters, org_id: owner }, asFile);

/** Which chain the operator wants to have verified. */
export const operatorVerifyQuery = new RouteQuery({ org_id: required(owner) });

/** @throws ValidationFailed for what is wrong about two parameters together, or about one in the light of its meaning */
export const filterOf = (query: AuditSearch): AuditFilter => {
  const { user, action, ip, method, status, url, resource, request_id: requestId } = query;
  const { from_date: from, to_date: to } = query;
  if (from !== undefined && to !== undefined && from.first > to.last) {
    throw new ValidationFailed([{ path: 'from_date', message: 'must not be after to_date' }]);
  }
  if (resource !== undefined) requireResource(resource);
  return {
    ...(user === undefined ? {} : { user }),
    ...(action === undefined ? {} : { action }),
    ...(ip === undefined ? {} : { ip }),
    ...(method === undefined ? {} : { method }),
    ...(status === undefined ? {} : { status }),
    ...(url === undefined ? {} : { url }),
    ...(resource === undefined ? {} : { resource }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(from === undefined ? {} : { from: from.first }),
    ...(to === undefined ? {} : { until: afterOf(to) }),
  };
};

/** Records are kept to the millisecond. */
const afterOf = ({ last }: Moment): Date => new Date(last.getTime() + 1);

const requireResource = (resource: string): void => {
  const isKind = kindNames().some((kind) => kind === resource);
  if (isKind || isObjectIdText(resource)) return;
  const message = `must be the database id of a resource, or one of ${kindNames().join(', ')}`;
  throw new ValidationFailed([{ path: 'resource', message }]);
};
