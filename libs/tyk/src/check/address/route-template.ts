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
  return new Set(names).size < names.length ? 'uses the name of a variable twice' : undefined;
}

/**
 * The template as it counts for comparison: variables without their names, which do not matter to a router. A template that
 * is none stays as it is.
 *
 * @param literally what to make of the text around variables
 */
export function comparableTemplate(template: string, literally = (text: string) => text): string {
  const parts = partsOf(template);
  if (parts === undefined) return literally(template);
  return parts
    .map(({ text, isVariable }) => (isVariable ? `{${text.slice(nameOf(text).length)}}` : literally(text)))
    .join('');
}

function nameOf(variable: string): string {
  return variable.split(':', 1)[0] ?? '';
}
