/** What fields of several DTOs are, for the OpenAPI document; to be spread into `@ApiProperty`. */

export const int32 = { type: 'integer', format: 'int32' } as const;

/** Beyond 2^31: milliseconds, bytes and seconds since 1970. */
export const int64 = { type: 'integer', format: 'int64' } as const;

export const dateTime = { type: 'string', format: 'date-time', example: '2025-01-23T13:14:09.000Z' } as const;

export const email = { type: 'string', format: 'email' } as const;

export const uri = { type: 'string', format: 'uri' } as const;

/** An object whose fields nobody but its author knows. */
export const anyObject = { type: 'object', additionalProperties: true } as const;

const kept = new Set<string>();

/** Classes that are kept with the fields that they do not name; the document says so of their schemas. */
export const KeepsUnknownFields = (): ClassDecorator => (target) => {
  kept.add(target.name);
};

export const keepsUnknownFields = (schema: string): boolean => kept.has(schema);
