import { MalformedBody, UnsupportedBody } from './refusals';

const charsetParameter = /;\s*charset\s*=\s*"?([^\s";]+)/i;

/**
 * The text of a body, in the character set that its content type names, or UTF-8. A byte order mark is no part of it.
 *
 * @throws MalformedBody for bytes that are no text in that character set, UnsupportedBody for one that nobody knows
 */
export const textOf = (content: Buffer, contentType: string | undefined): string => {
  const charset = charsetParameter.exec(contentType ?? '')?.[1] ?? 'utf-8';
  const decoder = decoderOf(charset);
  try {
    return decoder.decode(content);
  } catch (error) {
    throw new MalformedBody(`not a text in ${decoder.encoding}`, [], error);
  }
};

const decoderOf = (charset: string): { readonly encoding: string; decode(content: Buffer): string } => {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch {
    throw new UnsupportedBody('The character set of the body is not known here; send UTF-8');
  }
};
