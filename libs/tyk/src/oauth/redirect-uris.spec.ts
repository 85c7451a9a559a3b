import { checkRedirectUris, isWholeHost } from './redirect-uris';

describe('where a client may send its users back to', () => {
  it.each([
    'https://a.example/cb',
    'http://localhost:8080/cb?x=1',
    'HTTPS://A.example/cb',
    'com.example.app:/callback',
    'https://a.example/a..b/.well-known',
  ])('may be %s', (uri) => {
    expect(checkRedirectUris(uri, '')).toBeNull();
  });

  it.each([
    ['https://a.example/cb#part', 'no fragment'],
    ['https://a.example/cb/../x', 'segments of dots'],
    ['https://a.example/cb%2f..', 'segments of dots'],
    ['https://a.example/cb/%2e%2E/x', 'segments of dots'],
    ['https://user:word@a.example/cb', 'no user'],
    ['https://user@a.example/cb', 'no user'],
    ['https://*.example/cb', 'wildcards'],
    ['https://a.example\\\\cb', 'backslashes'],
    ['https://a.example/c b', 'without spaces'],
    ['https://a.example/cb\u0000', 'without spaces'],
    ['javascript:alert(1)', 'must not begin with javascript:'],
    ['JavaScript:alert(1)', 'must not begin with javascript:'],
    ['data:text/html,x', 'must not begin with data:'],
    ['myapp:/callback', 'a scheme with a dot'],
    ['/cb', 'absolute URI'],
    ['https:///cb', 'must name a host'],
    [`https://a.example/${'x'.repeat(2_000)}`, 'at most 2000 characters'],
    ['https://a.example/1,https://b.example/2', 'must be one URI'],
  ])('may not be %s', (uri, said) => {
    expect(checkRedirectUris(uri, '')).toContain(said);
  });

  it('may be several where gateways have a separator, and each has to be one', () => {
    const uris = ['https://a.example/1', 'https://b.example/2', 'com.example.app:/3'];
    expect(checkRedirectUris(uris.join(','), ',')).toBeNull();
    // The separator is no part of any.
    expect(checkRedirectUris([...uris, 'https://c.example/a,b'].join(','), ',')).toContain('absolute URI');
    expect(checkRedirectUris(`${uris.join(',')},`, ',')).toContain('absolute URI');
    expect(checkRedirectUris([...uris, 'https://d.example/#x'].join(','), ',')).toContain('no fragment');
    const many = Array.from({ length: 200 }, (_, index) => `https://a.example/${index}`);
    expect(checkRedirectUris(many.join(','), ',')).toContain('at most 50 URIs');
    expect(checkRedirectUris('x'.repeat(100_001), ',')).toContain('at most 100000 characters');
  });

  it('is the whole host when it ends with that: gateways compare by the beginning of the path', () => {
    for (const uri of ['https://a.example', 'https://a.example/', 'http://A.example:80'])
      expect(isWholeHost(uri)).toBe(true);
    for (const uri of ['https://a.example/cb', 'com.example.app:/']) expect(isWholeHost(uri)).toBe(false);
  });
});
