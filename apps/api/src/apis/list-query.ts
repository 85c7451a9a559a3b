import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import type { ApiSummary } from '@castellan/persistence';
import { listOrders, type ListOrder } from './catalogue';
import { apiTypes, authTypeNamed } from './definition-facts';

/** Forms send what was left empty; it means the same as leaving it out. */
const emptyIsAbsent = Transform(({ value }: { value: unknown }) => (value === '' ? undefined : value));

const oneOf = (values: readonly string[]): string => `must be one of ${values.join(', ')}`;

/** Longer than any name that one would look for. */
const longestSearch = 256;

class PageOfApisQuery {
  @ApiPropertyOptional({ description: 'Page, from 1; a negative number gives everything' })
  @IsOptional()
  @IsString({ message: 'must be given once' })
  readonly p?: string;

  @ApiPropertyOptional({ description: 'Part of the name, in upper or lower case' })
  @IsOptional()
  @MaxLength(longestSearch, { message: `must have at most ${longestSearch} characters` })
  @IsString({ message: 'must be given once' })
  readonly q?: string;
}

/** The query of `GET /api/apis/search` (docs/tyk/management.md#apis). */
export class SearchApisQuery extends PageOfApisQuery {}

/** The query of `GET /api/apis` (docs/tyk/management.md#apis); `active` is Castellan's. */
export class ListApisQuery extends PageOfApisQuery {
  @ApiPropertyOptional({ enum: listOrders, description: 'The newest first when left out' })
  @IsOptional()
  @IsIn(listOrders, { message: oneOf(listOrders) })
  @emptyIsAbsent
  readonly sort?: ListOrder;

  @ApiPropertyOptional({ description: 'Categories, comma-separated: APIs in any of them' })
  @IsOptional()
  @IsString({ message: 'must be given once' })
  readonly category?: string;

  @ApiPropertyOptional({ example: 'keyless,authToken', description: 'Ways to authenticate, comma-separated' })
  @IsOptional()
  @IsString({ message: 'must be given once' })
  readonly auth_type?: string;

  @ApiPropertyOptional({ enum: apiTypes })
  @IsOptional()
  @IsIn(apiTypes, { message: oneOf(apiTypes) })
  @emptyIsAbsent
  readonly api_type?: string;

  @ApiPropertyOptional({ enum: ['true', 'false'] })
  @IsOptional()
  @IsIn(['true', 'false', '1', '0'], { message: oneOf(['true', 'false']) })
  @emptyIsAbsent
  readonly active?: string;

  @ApiPropertyOptional({ description: 'With any value: no APIs that are versions of others' })
  @IsOptional()
  readonly base_apis?: string;

  @ApiPropertyOptional({ description: 'With any value: what a list shows, without the definitions' })
  @IsOptional()
  readonly compressed?: string;
}

/** Whether a row is one that the query looks for. */
export type Wanted = (row: ApiSummary) => boolean;

/**
 * What a query looks for; undefined when it takes everything.
 *
 * @param versionIds `api_id`s of the APIs that are versions of others
 */
export const wantedBy = (query: ListApisQuery, versionIds: ReadonlySet<string>): Wanted | undefined => {
  const part = (query.q ?? '').trim().toLowerCase();
  const categories = listed(query.category);
  const authTypes = listed(query.auth_type).map(authTypeNamed);
  const { api_type: type, active, base_apis: bases } = query;
  const rules: Wanted[] = [
    ...(part === '' ? [] : [({ nameKey }: ApiSummary) => nameKey.includes(part)]),
    ...(categories.length === 0 ? [] : [(row: ApiSummary) => row.categories.some(isAmong(categories))]),
    ...(authTypes.length === 0 ? [] : [(row: ApiSummary) => row.authTypes.some(isAmong(authTypes))]),
    ...(type === undefined ? [] : [({ apiTypes: types }: ApiSummary) => types.includes(type)]),
    ...(active === undefined ? [] : [(row: ApiSummary) => row.active === ['true', '1'].includes(active)]),
    ...(bases === undefined ? [] : [({ apiId }: ApiSummary) => !versionIds.has(apiId)]),
  ];
  return rules.length === 0 ? undefined : (row) => rules.every((rule) => rule(row));
};

const listed = (text = ''): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const isAmong =
  (values: readonly string[]) =>
  (value: string): boolean =>
    values.includes(value);
