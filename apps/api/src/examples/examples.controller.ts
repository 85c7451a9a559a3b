import { Controller, Headers, Param } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiProperty, ApiPropertyOptional, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { NotFound, ValidationFailed } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { flag } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { Route } from '../http/route';
import { examples } from './sample-apis';

class ExampleSummaryDto {
  @ApiProperty({ example: 'keyless-proxy' })
  readonly location!: string;

  @ApiProperty({ example: 'Proxy without keys' })
  readonly name!: string;

  @ApiProperty()
  readonly shortDescription!: string;
}

class ExampleDto {
  @ApiProperty({ example: 'keyless-proxy' })
  readonly location!: string;

  @ApiProperty({ example: 'Proxy without keys' })
  readonly name!: string;

  @ApiProperty()
  readonly description!: string;

  @ApiProperty({ type: [String] })
  readonly features!: readonly string[];

  @ApiProperty({ example: '5.1', description: 'The oldest gateway that serves it' })
  readonly min_version!: string;

  @ApiPropertyOptional({ description: 'Markdown, where `readme` asks for it' })
  readonly readme?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'A classic definition, where `apiDef` asks for it',
  })
  readonly api_definition?: object;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'An OAS API, where `apiDef` asks for it',
  })
  readonly oas?: object;
}

const exampleQuery = new RouteQuery({
  readme: flag({ description: 'With the text that explains it' }),
  apiDef: flag({ description: 'With the API itself' }),
});

const elsewhere = ['x-tyk-examples-index', 'x-tyk-repo-url'] as const;
const fromElsewhere = {
  required: false,
  description: 'Refused: examples come from Castellan itself, nothing is fetched',
};

/** Examples of APIs. Clients may name a place to fetch others from, and this server asks no address that a caller names. */
@ApiTags('Examples')
@ApiExtraModels(ExampleSummaryDto)
@ApiHeader({ name: elsewhere[0], ...fromElsewhere })
@ApiHeader({ name: elsewhere[1], ...fromElsewhere })
@Controller('api/examples')
export class ExamplesController {
  @Route.get('', {
    access: Requires('apis', 'read', 'List Examples'),
    id: 'listExamples',
    summary: 'List examples of APIs',
    reply: { schema: { type: 'array', items: { $ref: getSchemaPath(ExampleSummaryDto) } } },
  })
  list(@Headers() headers: Readonly<Record<string, unknown>>): readonly ExampleSummaryDto[] {
    refuseElsewhere(headers);
    return examples.map(({ location, name, shortDescription }) => ({ location, name, shortDescription }));
  }

  @Route.get(':location', {
    access: Requires('apis', 'read', 'Get Example'),
    id: 'getExample',
    summary: 'Get an example of an API',
    params: [{ name: 'location', description: 'Name of the example', example: 'keyless-proxy' }],
    reply: ExampleDto,
  })
  get(
    @Headers() headers: Readonly<Record<string, unknown>>,
    @Param('location') location: string,
    @AskedFor(exampleQuery) { readme, apiDef }: Asked<typeof exampleQuery>,
  ): ExampleDto {
    refuseElsewhere(headers);
    const found = examples.find((example) => example.location === location);
    if (found === undefined) throw new NotFound('There is no such example');
    const { description, features, min_version, name, oas, readme: text, api_definition: definition } = found;
    return {
      location,
      name,
      description,
      features,
      min_version,
      ...(readme ? { readme: text } : {}),
      ...(apiDef && definition !== undefined ? { api_definition: definition } : {}),
      ...(apiDef && oas !== undefined ? { oas } : {}),
    };
  }
}

const refuseElsewhere = (headers: Readonly<Record<string, unknown>>): void => {
  const errors = elsewhere
    .filter((name) => headers[name] !== undefined)
    .map((path) => ({ path, message: 'names a place that is not asked; there are the examples of Castellan' }));
  if (errors.length > 0) throw new ValidationFailed(errors, 'Invalid examples index file or root path.');
};
