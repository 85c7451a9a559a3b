import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { CastellanError } from '@castellan/dto';
import type { BodyAccount } from './body-budget';
import { BodyTooLarge, MalformedBody, UnsupportedBody } from './refusals';

const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const;

const isCoding = (name: string): name is keyof typeof decoders => Object.hasOwn(decoders, name);

/**
 * The bytes of a body, decompressed. No more is read, and no more comes out of the decompression, than the limit; what is
 * left of a body that is refused stays unread.
 *
 * @throws BodyTooLarge, MalformedBody, UnsupportedBody, Busy
 */
export const readBytes = async (
  headers: IncomingMessage['headers'],
  payload: Readable,
  limit: number,
  account: BodyAccount,
): Promise<Buffer> => {
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const source = decoded(payload, headers['content-encoding']);
  const chunks: Buffer[] = [];
  try {
    let length = 0;
    let received = 0;
    // A compressed body may grow for ever without anything coming out of it.
    const onReceived = (chunk: Buffer): void => {
      received += chunk.length;
      if (received > limit) source.destroy(tooLarge(limit));
    };
    if (source !== payload) payload.on('data', onReceived);
    await drain(source, payload, (chunk) => {
      length += chunk.length;
      if (length > limit) throw tooLarge(limit);
      account.take(chunk.length);
      chunks.push(chunk);
    });
  } finally {
    if (source !== payload) {
      payload.unpipe();
      source.destroy();
    }
    payload.pause();
  }
  return Buffer.concat(chunks);
};

const tooLarge = (limit: number): BodyTooLarge =>
  new BodyTooLarge(
    `The request body is larger than ${limit} bytes, which is what CASTELLAN_BODY_LIMIT, or CASTELLAN_IMPORT_LIMIT for imports, allows`,
  );

/** @throws UnsupportedBody for a coding that is not read, and for several on top of each other */
const decoded = (payload: Readable, contentEncoding: string | undefined): Readable => {
  const coding = (contentEncoding ?? '').trim().toLowerCase();
  if (coding === '' || coding === 'identity') return payload;
  if (!isCoding(coding)) throw new UnsupportedBody('Bodies are read plain, or compressed with gzip, deflate or br');
  return payload.pipe(decoders[coding]());
};

/**
 * Hands every chunk to a taker, until one is refused. Unlike an iteration it does not destroy the stream then: the caller
 * is to get an answer over the same connection.
 */
const drain = (source: Readable, payload: Readable, take: (chunk: Buffer) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      try {
        take(chunk);
      } catch (error) {
        settle(() => {
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      }
    };
    const onEnd = (): void => {
      settle(resolve);
    };
    const onFailure = (cause: unknown): void => {
      settle(() => {
        if (cause instanceof CastellanError) reject(cause);
        else reject(new MalformedBody('it cannot be decompressed, or ends too early', [], cause));
      });
    };
    const onClose = (): void => {
      if (!payload.readableEnded) onFailure(undefined);
    };
    const settle = (end: () => void): void => {
      source.off('data', onData).off('end', onEnd);
      payload.off('close', onClose);
      end();
    };
    // Errors may come after the end of this; they have been answered then.
    source.on('data', onData).once('end', onEnd).on('error', onFailure);
    if (payload !== source) payload.on('error', onFailure);
    payload.once('close', onClose);
  });
