import type { FastifyReply } from 'fastify';
import type { FieldError } from '@castellan/dto';

/** Longest value of the header; servers and proxies take 8 KiB for all headers together. */
const longestNotes = 4_000;

/**
 * Tells the caller what of the document some node, or no node, can do. It goes into a header, because the body belongs
 * to the clients that exist: they cut the last quoted value out of it, or store it whole.
 */
export const sendNotes = (reply: FastifyReply, notes: readonly FieldError[]): void => {
  const value = notesHeader(notes);
  if (value !== undefined) void reply.header('x-castellan-notes', value);
};

/** The notes as JSON, as many as fit; undefined when there are none. No more of them are looked at than fit. */
export const notesHeader = (notes: readonly FieldError[]): string | undefined => {
  if (notes.length === 0) return undefined;
  const kept: string[] = [];
  let length = '[]'.length;
  for (const note of notes) {
    const text = headerText(note);
    const isLast = kept.length === notes.length - 1;
    const after = isLast ? 0 : headerText(restOf(notes.length)).length + 1;
    if (length + text.length + 1 + after > longestNotes) break;
    kept.push(text);
    length += text.length + 1;
  }
  if (kept.length < notes.length) kept.push(headerText(restOf(notes.length - kept.length)));
  return `[${kept.join(',')}]`;
};

const restOf = (count: number): FieldError => ({ path: '', message: `and ${count} more` });

/** Headers are ASCII. */
const headerText = (note: FieldError): string =>
  JSON.stringify(note).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
