import { domainFault, listenPathFault } from './listen-address';

describe('listenPathFault', () => {
  it.each([
    ...[
      '/',
      '/a',
      '/a/b/',
      '/a.b/..c/',
      '/{id}/',
      '/a/{id:[0-9]+}/b',
      '/{x:(?:a//b|\\.\\.)}/',
      '/ü/',
      '/100%/',
      '/%zz/',
    ],
    ...['/hello/', '/tykish', 'secrets://path', 'env://PATH', 'vault://kv/a.b', 'consul://a/b', 'file://listen/path'],
    ...['conf', 'env', 'vault', 'consul', 'file'].map((store) => `$secret_${store}.path`),
  ])('has nothing against %j', (path) => {
    expect(listenPathFault(path)).toBeUndefined();
  });

  it.each([
    ['a/', 'must start with "/"'],
    ['$secret', 'must start with "/"'],
    ['$secret_redis.a', 'must start with "/"'],
    ['secrets://{id:(a)}', /with a group that captures/],
    ['$secret_conf.a\n', 'must not hold control characters'],
    ['SECRETS://a', 'must start with "/"'],
    ['/a b/', 'must not hold spaces or control characters'],
    ['/hello', 'belongs to the gateway itself, which answers there'],
    ['/tyk/x', 'belongs to the gateway itself, which answers there'],
    ['/a?b=c', 'must be a path and nothing else: leave out "?" and what follows'],
    ['/a#b', 'must be a path and nothing else: leave out "#" and what follows'],
    ['/a/%6c/', 'holds "%6c", and gateways compare paths without escapes: write "l" instead'],
    ['/%C3%BC/', 'holds "%C3", and gateways compare paths without escapes: write the character instead'],
    ['/a/../b/', 'is redirected to "/b/" before anything is found: write that'],
    ['//x//', 'is redirected to "/x/" before anything is found: write that'],
    ['/a/./{id:x//y}//', 'is redirected to "/a/{id:x//y}/" before anything is found: write that'],
    ['/..', 'is redirected to "/" before anything is found: write that'],
    ['//', 'is redirected to "/" before anything is found: write that'],
    ['/{id', 'has braces that do not pair up: gateways would route nothing to it'],
    ['/{id:[}', /^has the pattern "\[", which is no regular expression that gateways can compile/],
    ['/{id:(?=a)}', /they have no look-ahead and no look-behind: gateways would route nothing to it$/],
    ['/{id:(a|b)}', /with a group that captures, at which gateways panic: write \(\?:…\)/],
    ['/{id:(?P<n>a)}', /with a group that captures/],
    ['/{id:a{1000}b{1000}c{1000}}', /has a pattern of a size that no address needs/],
  ])('of %j says that it %s', (path, fault) => {
    expect(listenPathFault(path)).toEqual(typeof fault === 'string' ? fault : expect.stringMatching(fault));
  });
});

describe('domainFault', () => {
  it.each([
    ...[
      '',
      'a.example',
      'A.Example',
      'localhost',
      '10.0.0.1',
      'a.example:8443',
      '{sub}.a.example',
      'xn--bcher-kva.example',
    ],
    ...['{sub:[^./*]+}.a.example', 'secrets://domain', 'env://DOMAIN', '$secret_conf.domain'],
  ])('has nothing against %j', (domain) => {
    expect(domainFault(domain)).toBeUndefined();
  });

  it.each([
    ['https://a.example', 'must be a name without "https://": write "a.example"'],
    ['http://a.example/x', 'must be a name without "http://": write "a.example"'],
    ['a.example/x', 'must be a name and nothing else: write "a.example"'],
    ['me@a.example', 'must be a name and nothing else: write "a.example"'],
    ['a.example.', 'must not end with a dot, which clients leave out: write "a.example"'],
    ['a.example.:80', 'must not end with a dot, which clients leave out: write "a.example:80"'],
    ['*.a.example', 'is compared as it is, and no name begins with "*": write "{subdomain}.a.example"'],
    ['a.*.example', 'is compared as it is, and no name holds "*": write a variable, such as "{name}"'],
    ['a b', 'must not hold spaces or control characters'],
    ['a.example:', 'must name a port after ":", or have no ":"'],
    ['bücher.example', 'is sent in its ASCII form by clients: write "xn--bcher-kva.example"'],
    ['{x}.Bücher.Example', 'is sent in its ASCII form by clients: write "{x}.xn--bcher-kva.example"'],
    ['{a', 'has braces that do not pair up: gateways would route nothing to it'],
    ['env://{a', 'has braces that do not pair up: gateways would route nothing to it'],
  ])('of %j says that it %s', (domain, fault) => {
    expect(domainFault(domain)).toBe(fault);
  });
});
