import { domainToASCII } from 'node:url';
import { isLookedUp } from './looked-up';
import { literalsOf, mapTemplate, routeTemplateFault } from './route-template';
import { hasControlCharacter } from './target-url';

/*
 * Addresses at which nothing ever reaches an API (docs/tyk/definitions.md#routing). Each fault says what to write instead. What stands
 * inside a variable of a template is its pattern and nobody's business here.
 */

const ROUTES_NOTHING = 'gateways would route nothing to it';

/** What is wrong with a listen path, as the rest of a sentence; undefined when requests can get to it. */
export function listenPathFault(path: string): string | undefined {
  if (isLookedUp(path)) return lookedUpFault(path);
  if (!path.startsWith('/')) return 'must start with "/"';
  if (/\s/.test(path) || hasControlCharacter(path)) return 'must not hold spaces or control characters';
  if (path === '/hello' || path === '/tyk' || path.startsWith('/tyk/')) {
    return 'belongs to the gateway itself, which answers there';
  }
  return templateFault(path) ?? textFault(path);
}

/** Gateways that cannot look it up route what is written, so a template in it has to be one. */
function lookedUpFault(address: string): string | undefined {
  return hasControlCharacter(address) ? 'must not hold control characters' : templateFault(address);
}

function templateFault(address: string): string | undefined {
  const fault = routeTemplateFault(address);
  return fault === undefined ? undefined : `${fault}: ${ROUTES_NOTHING}`;
}

function textFault(path: string): string | undefined {
  const text = literalsOf(path).join('{}');
  const [mark] = /[?#]/u.exec(text) ?? [];
  if (mark !== undefined) return `must be a path and nothing else: leave out "${mark}" and what follows`;
  const escape = /%[0-9A-Fa-f]{2}/u.exec(text)?.[0];
  if (escape !== undefined) {
    return `holds "${escape}", and gateways compare paths without escapes: write ${decoded(escape)} instead`;
  }
  const clean = cleaned(path);
  return clean === path ? undefined : `is redirected to "${clean}" before anything is found: write that`;
}

function decoded(escape: string): string {
  const code = Number.parseInt(escape.slice(1), 16);
  return code < 0x80 ? `"${String.fromCharCode(code)}"` : 'the character';
}

/** The path as the router cleans that of a request. */
function cleaned(path: string): string {
  const variables: string[] = [];
  // A variable is part of a segment, whatever its pattern holds.
  const outline = mapTemplate(
    path,
    (text) => text,
    (variable) => `${variables.push(variable) - 1}`,
  );
  const segments: string[] = [];
  for (const segment of outline.split('/').slice(1)) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const end = outline.endsWith('/') && segments.length > 0 ? '/' : '';
  return mapTemplate(
    `/${segments.join('/')}${end}`,
    (text) => text,
    (index) => variables[Number(index)] ?? '',
  );
}

/** What is wrong with a domain, as the rest of a sentence; undefined when requests can get to it. */
export function domainFault(domain: string): string | undefined {
  if (domain === '') return undefined;
  if (isLookedUp(domain)) return lookedUpFault(domain);
  const template = templateFault(domain);
  if (template !== undefined) return template;

  const text = literalsOf(domain).join('{}');
  if (/\s/u.test(text) || hasControlCharacter(text)) return 'must not hold spaces or control characters';
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//iu.exec(domain)?.[0];
  if (scheme !== undefined) return `must be a name without "${scheme}": write "${hostIn(domain.slice(scheme.length))}"`;
  if (/[/?#@]/u.test(text)) return `must be a name and nothing else: write "${hostIn(domain)}"`;
  if (text.startsWith('*.')) {
    return `is compared as it is, and no name begins with "*": write "{subdomain}.${domain.slice(2)}"`;
  }
  if (text.includes('*')) return 'is compared as it is, and no name holds "*": write a variable, such as "{name}"';
  const [name = '', port] = text.split(/:(?=\d*$)/u);
  if (name.endsWith('.')) {
    return `must not end with a dot, which clients leave out: write "${domain.replace(/\.+(?=:\d*$|$)/u, '')}"`;
  }
  if (port !== undefined && !/^\d{1,5}$/u.test(port)) return 'must name a port after ":", or have no ":"';
  return unicodeFault(domain);
}

/** The host of an address without its scheme. */
function hostIn(address: string): string {
  return address.replace(/^[^/@]*@/u, '').replace(/[/?#].*$/su, '');
}

/** Clients send the ASCII form of a name. */
function unicodeFault(domain: string): string | undefined {
  if (literalsOf(domain).every(isAscii)) return undefined;
  const ascii = mapTemplate(domain, asciiText);
  return literalsOf(ascii).every(isAscii)
    ? `is sent in its ASCII form by clients: write "${ascii}"`
    : 'is no name that clients could send';
}

/** Part of a domain in the form in which clients send it: in ASCII and in lower case. */
export function asciiText(text: string): string {
  // Label by label, since a part of a template may begin or end with a dot and is no name then.
  return text
    .split('.')
    .map((label) => (isAscii(label) ? label.toLowerCase() : domainToASCII(label) || label.toLowerCase()))
    .join('.');
}

function isAscii(text: string): boolean {
  return !/[^\u0000-\u007f]/u.test(text);
}
