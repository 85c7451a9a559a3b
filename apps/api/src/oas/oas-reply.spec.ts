import { wantsYaml } from './oas-reply';

describe('the format of a document', () => {
  it.each([
    [{}, false],
    [{ accept: 'application/json' }, false],
    [{ accept: 'application/x-yaml' }, true],
    [{ accept: 'text/html, application/yaml;q=0.9' }, true],
    [{ 'content-type': 'application/x-yaml' }, true],
    [{ 'content-type': 'application/vnd.yaml-like' }, false],
  ])('%j asks for YAML: %s', (headers, expected) => {
    expect(wantsYaml({ headers })).toBe(expected);
  });
});
