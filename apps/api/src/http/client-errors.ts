import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ErrorReply, type ErrorCode } from '@castellan/dto';

interface Answer {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** What the HTTP parser has to say about a connection, by the code of its error. */
const answers: Readonly<Record<string, Answer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'request_timeout',
    message: 'The request did not arrive in time',
  },
  HPE_HEADER_OVERFLOW: { status: 431, code: 'validation_failed', message: 'The headers are too large' },
};

const unreadable: Answer = { status: 400, code: 'validation_failed', message: 'This is no HTTP request' };

/** Answers what is not a request yet, or never will be, in the envelope of all errors, and ends the connection. */
export const answerClientError = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, code, message } = answers[error.code ?? ''] ?? unreadable;
  const body = JSON.stringify(new ErrorReply(message, null, code, [], ''));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => {
    socket.destroySoon();
  });
};
