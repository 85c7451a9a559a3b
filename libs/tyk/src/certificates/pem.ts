/** One block between `-----BEGIN …-----` and `-----END …-----`. */
export interface PemBlock {
  /** What it says it is, such as `CERTIFICATE`. */
  readonly label: string;
  readonly bytes: Buffer;
  /** The block as PEM of the usual form, with its headers: what an encrypted key needs to be read. */
  readonly text: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([^]*?)-----END \1-----/g;
const HEADER = /^[A-Za-z-]+:[^\n]*$/;
const LINE = 64;

/** Whether a text has the beginning of a block. */
export const isPem = (text: string): boolean => text.includes('-----BEGIN ');

/**
 * The blocks of a text as people send it: with line ends of any system, with what programs print around the blocks, on one line,
 * or with `\n` written out.
 *
 * @returns null when a block holds something that is not base64
 */
export function readPem(sent: string): readonly PemBlock[] | null {
  const text = withLineEnds(sent);
  const blocks: PemBlock[] = [];
  for (const [, label = '', inside = ''] of text.matchAll(BLOCK)) {
    const { headers, body } = partsOf(inside);
    const base64 = body.replaceAll(/\s/g, '');
    if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
    const bytes = Buffer.from(base64, 'base64');
    blocks.push({ label, bytes, text: writePem(label, bytes, headers) });
  }
  return blocks;
}

/** A block as gateways write it. @param headers lines such as `DEK-Info: …`, before the content */
export function writePem(label: string, bytes: Buffer, headers: readonly string[] = []): string {
  const base64 = bytes.toString('base64');
  const lines = Array.from({ length: Math.ceil(base64.length / LINE) }, (_, at) =>
    base64.slice(at * LINE, (at + 1) * LINE),
  );
  const before = headers.length === 0 ? [] : [...headers, ''];
  return [`-----BEGIN ${label}-----`, ...before, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function withLineEnds(sent: string): string {
  const text = sent.replaceAll(/\r\n?/g, '\n');
  // What was copied out of a JSON text has its line ends written out.
  return text.includes('\\n') ? text.replaceAll('\\r', '').replaceAll('\\n', '\n') : text;
}

function partsOf(inside: string): { readonly headers: readonly string[]; readonly body: string } {
  const lines = inside.trim().split('\n');
  const count = lines.findIndex((line) => !HEADER.test(line.trim()));
  if (count <= 0) return { headers: [], body: inside };
  return { headers: lines.slice(0, count).map((line) => line.trim()), body: lines.slice(count).join('\n') };
}
