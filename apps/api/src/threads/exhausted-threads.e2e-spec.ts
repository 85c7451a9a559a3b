/** @own-modules */
import { anApiDefinition } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import type * as RealThreads from './threads';

/** What threads have, small enough to be used up by what a test sends, and in the test's hand. */
const mockLimits = { waiting: 16, longest: 60_000 };

/** Threads are the real ones. */
jest.mock('./threads', () => {
  const real = jest.requireActual<typeof RealThreads>('./threads');
  Object.assign(real.threadMemory, { checks: 40 });
  class Limited<Task, Outcome> extends real.Threads<Task, Outcome> {
    constructor(file: string, { memory }: RealThreads.ThreadLimits) {
      super(file, {
        memory,
        get waiting() {
          return mockLimits.waiting;
        },
        get longest() {
          return mockLimits.longest;
        },
      });
    }
  }
  return { ...real, Threads: Limited };
});

/** A definition with so many paths; with 500 and more it is checked in a thread, with 60,000 it takes more memory than that has. */
const withPaths = (paths: number): { api_definition: unknown } => ({
  api_definition: anApiDefinition({
    version_data: {
      not_versioned: true,
      versions: {
        Default: {
          name: 'Default',
          use_extended_paths: true,
          extended_paths: {
            white_list: Array.from({ length: paths }, (_, index) => ({
              path: `/part/${index}`,
              method_actions: {
                GET: { action: 'reply', code: 200, data: paths > 1_000 ? '' : 'd'.repeat(1_200), headers: {} },
              },
            })),
          },
        },
      },
    },
  }),
});

describe('what a caller hears whose document cannot be worked on', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());
  beforeEach(() => {
    Object.assign(mockLimits, { waiting: 16, longest: 60_000 });
  });

  const validate = (body: unknown) => organisation.admin.client.post('/api/apis/validate', body);
  const outcome = async (body: unknown) => {
    const { status, json, headers } = await validate(body);
    return [status, json['Code'], headers.get('retry-after')];
  };

  it('503 with when to try again, while as many wait as may; small documents are not concerned', async () => {
    mockLimits.waiting = 0;
    expect(await outcome(withPaths(600))).toEqual([503, 'busy', '1']);
    expectOk(await validate(withPaths(1)));
    mockLimits.waiting = 16;
    expectOk(await validate(withPaths(600)));
  });

  it('503 with when to try again, when it takes too long', async () => {
    mockLimits.longest = 1;
    expect(await outcome(withPaths(600))).toEqual([503, 'busy', '1']);
    mockLimits.longest = 60_000;
    expectOk(await validate(withPaths(600)));
  });

  it('413 when it takes more memory than a thread has; whoever comes next is served', async () => {
    expect(await outcome(withPaths(60_000))).toEqual([413, 'body_too_large', null]);
    expectOk(await validate(withPaths(600)));
  });
});
