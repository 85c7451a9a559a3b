import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ValidationFailed, type FieldError } from '@castellan/dto';

const flatten = (errors: readonly ValidationError[], parent = ''): FieldError[] =>
  errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const path = parent === '' ? property : `${parent}.${property}`;
    const own = Object.values(constraints).map((message) => ({ path, message: message.replace(`${property} `, '') }));
    return [...own, ...flatten(children, path)];
  });

/** Checks bodies and queries that have a DTO; unknown fields pass, because clients send more than they mean. */
export const createValidationPipe = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    exceptionFactory: (errors) => new ValidationFailed(flatten(errors)),
  });
