import { ValidationPipe, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { ValidationFailed, type FieldError } from '@castellan/dto';
import { isJsonObject, type JsonObject, type JsonValue } from '@castellan/tyk';

const flatten = (errors: readonly ValidationError[], parent = ''): FieldError[] =>
  errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const path = parent === '' ? property : `${parent}.${property}`;
    // What is no text is neither too long nor too short.
    const { isString } = constraints;
    const own = Object.entries(isString === undefined ? constraints : { isString }).map(([rule, message]) => ({
      path,
      message: rule === 'whitelistValidation' ? 'is not known here' : message.replace(`${property} `, ''),
    }));
    return [...own, ...flatten(children, path)];
  });

/** Checks bodies and queries that have a DTO; unknown fields pass, because clients send more than they mean. */
export const createValidationPipe = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    exceptionFactory: (errors) => new ValidationFailed(flatten(errors)),
  });

/** For bodies that say what is destroyed: a name that is mistyped there would widen that, and is refused. */
export const onlyKnownFields = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  exceptionFactory: (errors) => new ValidationFailed(flatten(errors)),
});

/**
 * Holds a body to its DTO, where it is not known before whose it is.
 *
 * @returns the body as it was sent
 * @throws ValidationFailed with each wrong field, as the pipe does
 */
export const checkedAs = (dto: Type<object>, body: unknown): JsonObject => {
  // Bodies come out of the JSON parser, so they hold JSON values only.
  const sent = (body ?? {}) as JsonValue;
  if (!isJsonObject(sent)) throw new ValidationFailed([{ path: 'body', message: 'must be a JSON object' }]);
  const errors = validateSync(plainToInstance(dto, sent), { forbidUnknownValues: false });
  if (errors.length > 0) throw new ValidationFailed(flatten(errors));
  return sent;
};
