import { parseArguments, UsageError } from './arguments';

const required = ['--url', 'http://127.0.0.1:3000', '--secret', 'n', '--gateway-secret', 'g'];

const problemsOf = (argv: readonly string[]): readonly string[] => {
  try {
    parseArguments(argv);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
};

describe('parseArguments', () => {
  it('plays one v5 node unless told otherwise', () => {
    expect(parseArguments(required)).toMatchObject({
      verbose: false,
      nodes: [
        {
          dashboardUrl: ['http://127.0.0.1:3000'],
          nodeSecret: 'n',
          gatewaySecret: 'g',
          profile: 'v5',
          hostname: 'simulated-1',
          controlPort: 0,
        },
      ],
    });
  });

  it('names and numbers several nodes', () => {
    const nodes = parseArguments([
      ...required,
      ...['--nodes', '3', '--control-port', '8080', '--hostname', 'gw', '--redis', 'redis://r', '--tag', 'eu'],
    ])?.nodes;
    expect(nodes?.map(({ hostname, controlPort }) => [hostname, controlPort])).toEqual([
      ['gw-1', 8080],
      ['gw-2', 8081],
      ['gw-3', 8082],
    ]);
    expect(nodes?.[2]).toMatchObject({ redisUrl: 'redis://r', segmented: true, tags: ['eu'] });
  });

  it('lists every problem at once', () => {
    expect(problemsOf(['--nodes', 'many', '--profile', 'v2', '--secret', 'n'])).toEqual([
      '--url is required',
      '--profile must be one of v3, v5.2, v5, v5.14',
      '--nodes must be a whole number from 1 to 1000, not many',
      '--gateway-secret is required',
    ]);
  });

  it('refuses what it does not know', () => {
    expect(problemsOf([...required, '--fast'])).toHaveLength(1);
  });

  it('asks for nothing when help is wanted', () => {
    expect(parseArguments(['--help'])).toBeUndefined();
  });
});
