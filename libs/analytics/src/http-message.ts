/** What stands in the place of what is not kept. */
const redacted = '[redacted]';

/** Headers that carry credentials, whatever an organisation lists besides: by name, or by how the name ends. */
const secretHeader =
  /^(cookie|set-cookie|admin-auth)$|(authorization|authentication|token|secret|password|passwd|api-?key|access-?key|signature|session|session-?id)$/i;
const secretName =
  /^(pass(word|wd|phrase)?|pwd|pin|otp)$|(password|passwd|secret|token|api_?-?key|access_?-?key|private_?-?key|authorization|session_?id)$/i;
/** Headers that repeat the address of the caller. */
const addressHeader = /^(x-forwarded-for|x-real-ip|forwarded|cf-connecting-ip|true-client-ip|x-client-ip)$/i;

const jsonField = /("((?:[^"\\]|\\.){1,64})"\s*:\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/g;
const formField = /(^|[?&])([^=&\s?#]{1,64})=([^&\s#]*)/g;

export interface MessageRules {
  /** Further headers whose values are not kept, in any case. */
  readonly headers: readonly string[];
  readonly dropQuery: boolean;
  readonly dropAddresses: boolean;
}

/**
 * The text of an HTTP message, a character a byte, without credentials: in headers, in the query, and in a body of JSON or a
 * form. Bytes of other bodies stay as they are.
 */
export const redactMessage = (message: string, rules: MessageRules): string => {
  const end = /\r?\n\r?\n/.exec(message);
  const head = end === null ? message : message.slice(0, end.index);
  const rest = end === null ? '' : message.slice(end.index);
  const [start = '', ...lines] = head.split(/(?<=\n)/);
  return [redactStart(start, rules), ...redactHeaders(lines, rules), redactBody(rest)].join('');
};

const redactStart = (line: string, { dropQuery }: MessageRules): string =>
  dropQuery ? line.replace(/\?\S*/, '') : redactPairs(line);

const redactHeaders = (lines: readonly string[], rules: MessageRules): readonly string[] => {
  const listed = new Set(rules.headers.map((name) => name.toLowerCase()));
  let secret = false;
  return lines.map((line) => {
    const ending = /\r?\n?$/.exec(line)?.[0] ?? '';
    // A line that begins with a space goes on with the header before it.
    if (/^[ \t]/.test(line)) return secret ? ` ${redacted}${ending}` : line;
    const name = line.slice(0, Math.max(line.indexOf(':'), 0)).trim();
    secret =
      secretHeader.test(name) || listed.has(name.toLowerCase()) || (rules.dropAddresses && addressHeader.test(name));
    if (secret) return `${name}: ${redacted}${ending}`;
    return /^(referer|location)$/i.test(name) ? redactStart(line, rules) : line;
  });
};

const redactBody = (body: string): string => {
  const text = body.trimStart();
  if (text.startsWith('{') || text.startsWith('[')) {
    return body.replaceAll(jsonField, (whole, start: string, name: string) =>
      secretName.test(name) ? `${start}"${redacted}"` : whole,
    );
  }
  return /^[\w.%+~-]+=[^\s]*$/.test(text.trimEnd()) ? redactPairs(body, text) : body;
};

const redactPairs = (text: string, from = text): string => {
  const start = text.length - from.length;
  const clean = from.replaceAll(formField, (whole, before: string, name: string) =>
    secretName.test(name) ? `${before}${name}=${redacted}` : whole,
  );
  return text.slice(0, start) + clean;
};
