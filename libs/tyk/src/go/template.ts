import { FUNCTIONS } from './template-functions';
import { Scanner, type Token } from './template-scanner';

/** Deeper than templates are, and little enough for a reader that calls itself for each parenthesis. */
const MAX_DEPTH = 100;

/** A control structure that waits for its `end`. */
interface Block {
  readonly kind: string;
  readonly variables: number;
  hasElse: boolean;
}

/** What ends the reading. */
class TemplateFault extends Error {}

/**
 * What keeps gateways from parsing a template of Go's `text/template`, as the rest of a sentence; undefined when nothing does. It
 * reads what Go's parser reads: actions, control structures, pipelines, variables, and the names of functions that gateways
 * offer (`docs/tyk/definitions.md#compiled-fields`). What a template does with its data shows at run time only.
 */
export function templateFault(text: string): string | undefined {
  try {
    new Parser(text).parse();
    return undefined;
  } catch (error) {
    if (error instanceof TemplateFault) return `is no template that gateways can parse: ${error.message}`;
    throw error;
  }
}

class Parser {
  private readonly blocks: Block[] = [];
  private readonly variables = ['$'];
  private tokens: readonly Token[] = [];
  private position = 0;
  private line = 1;

  constructor(private readonly text: string) {}

  parse(): void {
    for (const action of new Scanner(this.text).actions()) {
      this.line = action.line;
      if (action.fault !== undefined) this.fail(action.fault);
      this.tokens = action.tokens;
      this.position = 0;
      this.action();
    }
    const open = this.blocks.at(-1);
    if (open !== undefined) this.fail(`{{${open.kind}}} has no {{end}}`);
  }

  private action(): void {
    const [first] = this.tokens;
    if (first === undefined) this.fail('an action is empty');
    if (first.kind === 'keyword') {
      this.position = 1;
      this.structure(first.text);
    } else {
      this.pipeline('command');
    }
    const left = this.peek();
    if (left !== undefined) this.fail(`${left.text} is out of place`);
  }

  private structure(keyword: string): void {
    switch (keyword) {
      case 'if':
      case 'with':
      case 'range':
        this.open(keyword);
        break;
      case 'else':
        this.otherwise();
        break;
      case 'end':
        this.end();
        break;
      case 'define':
        this.define();
        break;
      case 'block':
        this.name('block');
        this.open('block');
        break;
      case 'template':
        this.name('template');
        if (this.peek() !== undefined) this.pipeline('template');
        break;
      default:
        if (!this.blocks.some(({ kind }) => kind === 'range')) this.fail(`{{${keyword}}} stands outside of {{range}}`);
    }
  }

  private open(kind: string): void {
    this.blocks.push({ kind, variables: this.variables.length, hasElse: false });
    this.pipeline(kind);
  }

  private otherwise(): void {
    const block = this.blocks.at(-1);
    if (block === undefined || block.hasElse || !['if', 'with', 'range'].includes(block.kind)) {
      this.fail('{{else}} has no {{if}}, {{with}} or {{range}}');
    }
    const next = this.peek();
    if (next?.kind === 'keyword' && (next.text === 'if' || next.text === 'with')) {
      this.position += 1;
      this.pipeline(next.text);
    } else {
      block.hasElse = true;
    }
  }

  private end(): void {
    const block = this.blocks.pop();
    if (block === undefined) this.fail('{{end}} ends nothing');
    this.variables.length = block.variables;
  }

  private define(): void {
    if (this.blocks.length > 0) this.fail('{{define}} must stand outside of everything else');
    this.name('define');
    this.blocks.push({ kind: 'define', variables: this.variables.length, hasElse: false });
  }

  private name(of: string): void {
    if (this.peek()?.kind !== 'string') this.fail(`{{${of}}} must name a template in quotes`);
    this.position += 1;
  }

  /** Commands with `|` between them, after the variables that they are for. */
  private pipeline(context: string, depth = 0): void {
    if (depth > MAX_DEPTH) this.fail('parentheses are nested too deeply');
    const declared = depth === 0 ? this.declaration(context) : [];
    for (let stage = 1; ; stage += 1) {
      const operands = this.command(depth, stage);
      if (operands === 0) this.fail(stage === 1 ? `a value is missing for ${context}` : 'a command is missing after |');
      if (this.peek()?.text !== '|') break;
      this.position += 1;
    }
    this.variables.push(...declared);
  }

  private declaration(context: string): string[] {
    const [first, second, third, fourth] = this.tokens.slice(this.position);
    if (first?.kind !== 'variable' || first.text.includes('.')) return [];
    if (second?.text === ':=' || second?.text === '=') {
      this.position += 2;
      if (second.text === ':=') return [first.text];
      this.known(first.text);
      return [];
    }
    if (second?.text !== ',' || third?.kind !== 'variable') return [];
    if (context !== 'range' || (fourth?.text !== ':=' && fourth?.text !== '=')) this.fail('has a comma out of place');
    this.position += 4;
    return [first.text, third.text];
  }

  /** The operands of one command; none when there is no command. */
  private command(depth: number, stage: number): number {
    for (let operands = 0; ; operands += 1) {
      const token = this.peek();
      if (token === undefined || token.text === '|' || token.text === ')') return operands;
      if (token.kind === 'literal' && operands === 0 && stage > 1) this.fail(`${token.text} is no command`);
      this.operand(token, depth);
    }
  }

  private operand(token: Token, depth: number): void {
    this.position += 1;
    if (token.text === '(' && token.kind === 'mark') {
      this.pipeline('parenthesis', depth + 1);
      if (this.peek()?.text !== ')') this.fail('a ( is not closed');
      this.position += 1;
      return;
    }
    if (token.kind === 'mark' || token.kind === 'keyword') this.fail(`${token.text} is out of place`);
    if (token.kind === 'variable') this.known(token.text);
    if (token.kind === 'function' && !FUNCTIONS.has(token.text)) this.fail(`there is no function "${token.text}"`);
  }

  private known(variable: string): void {
    const [name = ''] = variable.split('.', 1);
    if (!this.variables.includes(name)) this.fail(`the variable ${name} is not defined`);
  }

  private peek(): Token | undefined {
    return this.tokens[this.position];
  }

  private fail(message: string): never {
    throw new TemplateFault(`line ${this.line}: ${message}`);
  }
}
