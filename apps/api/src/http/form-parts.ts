import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CastellanError, ValidationFailed } from '@castellan/dto';

/** One field of a form. */
export interface FormPart {
  readonly name: string;
  readonly isFile: boolean;
  readonly content: Buffer;
}

interface FormLimits {
  readonly files?: number;
  /** The largest file, in bytes. */
  readonly fileSize?: number;
}

/**
 * All fields of a form, files and texts, in their order.
 *
 * @throws ValidationFailed for a form that cannot be read, CastellanError (413)
 */
export const readForm = async (request: FastifyRequest, limits: FormLimits = {}): Promise<readonly FormPart[]> => {
  const parts: FormPart[] = [];
  try {
    for await (const part of request.parts({ limits })) {
      // The form goes on only when each part of it has been read.
      const isFile = part.type === 'file';
      const content = isFile ? await part.toBuffer() : Buffer.from(textOf(part.value));
      parts.push({ name: part.fieldname, isFile, content });
    }
  } catch (error) {
    throw asRefusal(error);
  }
  return parts;
};

/** The fields of the form that a request carries, or the body itself as the one file where the route takes that. */
export const Form = createParamDecorator((limits: FormLimits | undefined, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  if (Buffer.isBuffer(request.body) && request.body.length > 0) {
    return [{ name: 'body', isFile: true, content: request.body }];
  }
  if (!request.isMultipart()) {
    throw new ValidationFailed([{ path: 'body', message: 'must be a form (multipart/form-data) with a file' }]);
  }
  return readForm(request, limits);
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The parser of forms has errors with a status for what goes beyond a limit, and plain ones for what is no form. */
const asRefusal = (error: unknown): unknown => {
  if (!(error instanceof Error) || error instanceof CastellanError || 'statusCode' in error) return error;
  return new ValidationFailed([{ path: 'body', message: `is no form that can be read: ${error.message}` }]);
};
