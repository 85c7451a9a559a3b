import * as fc from 'fast-check';
import { comparableTemplate, routeTemplateFault } from './route-template';

describe('routeTemplateFault', () => {
  it.each(['', '/', '/a/b/', '/{id}/', '/{a}/{b}', '/{id:[0-9]{2}}/', '/{id:a:b}/', '{sub}.example.org'])(
    'has nothing against %j',
    (template) => {
      expect(routeTemplateFault(template)).toBeUndefined();
    },
  );

  it.each([
    ['/{', 'has braces that do not pair up'],
    ['/}', 'has braces that do not pair up'],
    ['/}a{', 'has braces that do not pair up'],
    ['/{a:[0-9]{2}/', 'has braces that do not pair up'],
    ['/{}/', 'has braces without a name or without a pattern'],
    ['/{:[0-9]}/', 'has braces without a name or without a pattern'],
    ['/{a:}/', 'has braces without a name or without a pattern'],
    ['/{a}/{a:x}/', 'uses the name of a variable twice'],
  ])('says of %j that it %s', (template, fault) => {
    expect(routeTemplateFault(template)).toBe(fault);
  });
});

describe('comparableTemplate', () => {
  it.each([
    ['/a/{id}/', '/a/{}/'],
    ['/a/{id:[0-9]{2}}/x', '/a/{:[0-9]{2}}/x'],
    ['/{', '/{'],
    ['plain', 'plain'],
  ])('makes %j %j', (template, expected) => {
    expect(comparableTemplate(template)).toBe(expected);
  });

  it('changes the text around variables as it is told, and their patterns never', () => {
    expect(comparableTemplate('{Sub:[A-Z]}.Example.ORG', (text) => text.toLowerCase())).toBe('{:[A-Z]}.example.org');
  });

  it('changes nothing but names', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '{', '}', ':', '/'), maxLength: 12 });
    fc.assert(
      fc.property(text, (template) => {
        const once = comparableTemplate(template);
        expect(comparableTemplate(once)).toBe(once);
        if (!template.includes('{')) expect(once).toBe(template);
      }),
    );
  });
});
