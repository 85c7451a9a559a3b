import { captureGroups, regexpFault, regexpWeight } from '../../go/regexp';

/** Beyond this a pattern takes gateways, and whoever checks it, longer than an address is worth. */
const MAX_WEIGHT = 2_000;

/**
 * Listen paths and domains are templates of the router that gateways use: `{id}` stands for anything up to the next
 * separator, `{id:[0-9]+}` for what the pattern fits.
 */
interface Part {
  readonly text: string;
  /** Whether the text is what stands between the braces of a variable. */
  readonly isVariable: boolean;
}

/** The parts in their order; undefined when the braces do not pair up. Patterns may hold braces of their own. */
function partsOf(template: string): Part[] | undefined {
  const parts: Part[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: brace, index } of template.matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1;
    if (depth < 0) return undefined;
    const opens = brace === '{' && depth === 1;
    if (!opens && depth > 0) continue;
    parts.push({ text: template.slice(start, index), isVariable: !opens });
    start = index + 1;
  }
  parts.push({ text: template.slice(start), isVariable: false });
  return depth === 0 ? parts : undefined;
}

/** What is wrong with a template, as the rest of a sentence; undefined when gateways can route by it. */
export function routeTemplateFault(template: string): string | undefined {
  const parts = partsOf(template);
  if (parts === undefined) return 'has braces that do not pair up';

  const variables = parts.filter(({ isVariable }) => isVariable).map(({ text }) => text);
  if (variables.some((text) => /^(:|$)|^[^:]+:$/.test(text))) return 'has braces without a name or without a pattern';
  const names = variables.map(nameOf);
  if (new Set(names).size < names.length) return 'uses the name of a variable twice';
  return variables.map(patternFault).find((fault) => fault !== undefined);
}

/** What is wrong with the pattern of a variable (docs/tyk/definitions.md#route-templates). */
function patternFault(variable: string): string | undefined {
  const pattern = variable.slice(nameOf(variable).length + 1);
  if (regexpWeight(pattern) > MAX_WEIGHT) return 'has a pattern of a size that no address needs';
  const fault = regexpFault(pattern);
  if (fault !== undefined) return `has the pattern "${pattern}", which ${fault}`;
  return captureGroups(pattern) > 0
    ? `has the pattern "${pattern}" with a group that captures, at which gateways panic: write (?:…)`
    : undefined;
}

/** What stands around the variables of a template, in its order; nothing of one whose braces do not pair up. */
export function literalsOf(template: string): string[] {
  return (partsOf(template) ?? []).filter(({ isVariable }) => !isVariable).map(({ text }) => text);
}

/**
 * The template as it counts for comparison: variables without their names, which do not matter to a router. A template that
 * is none stays as it is.
 *
 * @param literally what to make of the text around variables
 */
export function comparableTemplate(template: string, literally = (text: string) => text): string {
  return mapTemplate(template, literally, (variable) => variable.slice(nameOf(variable).length));
}

/** The template with other text around its variables; the variables stay, or become what `variably` makes of them. */
export function mapTemplate(
  template: string,
  literally: (text: string) => string,
  variably = (variable: string) => variable,
): string {
  const parts = partsOf(template);
  if (parts === undefined) return literally(template);
  return parts.map(({ text, isVariable }) => (isVariable ? `{${variably(text)}}` : literally(text))).join('');
}

function nameOf(variable: string): string {
  return variable.split(':', 1)[0] ?? '';
}
