/** A word of an action. `literal` is a number, a character, `true`, `.` or the like; texts in quotes are kept apart. */
export interface Token {
  readonly kind: 'literal' | 'string' | 'field' | 'variable' | 'function' | 'keyword' | 'mark';
  readonly text: string;
}

/** What stands between `{{` and `}}`. */
export interface Action {
  readonly line: number;
  readonly tokens: readonly Token[];
  readonly fault?: string;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  ...['if', 'else', 'end', 'range', 'with', 'define', 'block', 'template', 'break', 'continue'],
]);
const CONSTANTS: ReadonlySet<string> = new Set(['true', 'false', 'nil']);

/** In this order: each begins where the one before did not fit. */
const WORDS: readonly (readonly [kind: Token['kind'] | 'space', pattern: RegExp])[] = [
  ['space', /\s+/uy],
  ['string', /"(?:\\.|[^"\\\n])*"|`[^`]*`/uy],
  ['literal', /'(?:\\.|[^'\\\n])+'/uy],
  ['literal', /[+-]?(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eEpP][+-]?\d+)?i?)(?![\p{L}\p{N}_])/uy],
  ['field', /(?:\.[\p{L}_][\p{L}\p{N}_]*)+/uy],
  ['literal', /\.(?![\p{L}\p{N}_])/uy],
  ['variable', /\$[\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*/uy],
  ['function', /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*/uy],
  ['mark', /:=|[=|(),]/uy],
];

/** The words of an action, and where the text goes on after it. */
interface Words {
  readonly tokens: readonly Token[];
  readonly end: number;
  readonly fault?: string;
}

/** Takes a template apart into its actions; what stands around them is of no interest. */
export class Scanner {
  private line = 1;
  private lineStart = 0;

  constructor(private readonly text: string) {}

  *actions(): Generator<Action> {
    for (let open = this.text.indexOf('{{'); open >= 0;) {
      const line = this.lineOf(open);
      const start = /\{\{(?:-\s)?\s*/uy;
      start.lastIndex = open;
      start.exec(this.text);
      const isComment = this.text.startsWith('/*', start.lastIndex);
      const { tokens, end, fault } = isComment ? this.comment(start.lastIndex) : this.words(start.lastIndex);
      if (fault !== undefined) {
        yield { line, tokens, fault };
        break;
      }
      if (!isComment) yield { line, tokens };
      open = this.text.indexOf('{{', end);
    }
  }

  private comment(from: number): Words {
    const close = /\*\/(?:\s+-)?\}\}/gu;
    close.lastIndex = from + 2;
    const isClosed = close.exec(this.text) !== null;
    return { tokens: [], end: close.lastIndex, ...(isClosed ? {} : { fault: 'a comment is not closed' }) };
  }

  private words(from: number): Words {
    const tokens: Token[] = [];
    let position = from;
    for (;;) {
      const close = /(?:\s+-)?\}\}/uy;
      close.lastIndex = position;
      if (close.exec(this.text) !== null) return { tokens, end: close.lastIndex };
      const word = this.word(position);
      if (word === undefined) return { tokens, end: position, fault: this.faultAt(position) };
      position += word.text.length;
      if (word.kind !== 'space') tokens.push(classified(word.kind, word.text));
    }
  }

  private word(position: number): { readonly kind: Token['kind'] | 'space'; readonly text: string } | undefined {
    for (const [kind, pattern] of WORDS) {
      pattern.lastIndex = position;
      const text = pattern.exec(this.text)?.[0];
      if (text !== undefined) return { kind, text };
    }
    return undefined;
  }

  private faultAt(position: number): string {
    const character = this.text[position];
    if (character === undefined) return 'an action is not closed with }}';
    return /["'`]/u.test(character) ? 'a text in quotes is not closed' : `${character} is out of place`;
  }

  private lineOf(position: number): number {
    for (let index = this.lineStart; index < position; index += 1) if (this.text[index] === '\n') this.line += 1;
    this.lineStart = position;
    return this.line;
  }
}

function classified(kind: Token['kind'], text: string): Token {
  if (kind !== 'function') return { kind, text };
  if (KEYWORDS.has(text)) return { kind: 'keyword', text };
  if (CONSTANTS.has(text)) return { kind: 'literal', text };
  // Go takes what follows a name with a dot for a field of its result.
  return { kind, text: text.split('.', 1)[0] ?? text };
}
