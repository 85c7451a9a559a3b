import { ApiUnderTest, type TestOrganisation } from '../apps/api/test/api-under-test';
import { CommandCounter, type Cost } from '../apps/api/test/command-counter';
import {
  apiRequests,
  configurationRequests,
  done,
  keyRequests,
  nodeRequests,
  peopleRequests,
  type Counted,
} from './support/round-trip-requests';
import { documentedRows, documentRows, measuredRows, type Row } from './support/round-trip-table';
import { freshDatabaseUri } from './support/test-services';

const { UPDATE_ROUND_TRIPS: update, SHOW_COMMANDS: show } = process.env;

/** How many commands of a request may wait for one another before its reply: the first that fits. */
const targets: readonly (readonly [request: RegExp, most: number])[] = [
  [/^GET .*\{id\}(, by database id)?$/, 2],
  [/^GET /, 3],
  [/^PUT .*, unchanged$/, 4],
  [/^PUT /, 8],
  [/^POST /, 9],
];

describe('round trips', () => {
  let api: ApiUnderTest;
  let counter: CommandCounter;
  let organisation: TestOrganisation;
  let rows: readonly Row[];

  /**
   * The same cost twice: the look that publishes a change may fall together with one that a timer makes, and what is sent together
   * goes one after the other while there are not enough connections yet.
   */
  const costOf = async ({ prepare, call }: Counted): Promise<Cost> => {
    const once = async (): Promise<Cost> => {
      const prepared = (await prepare?.()) ?? '';
      return counter.costOf(() => done(call(prepared)));
    };
    let cost = await once();
    for (let last: Cost | null = null; !isSame(cost, last);) [last, cost] = [cost, await once()];
    return cost;
  };

  beforeAll(async () => {
    api = await ApiUnderTest.start({ MONGODB_URI: freshDatabaseUri({ monitorCommands: 'true' }) });
    counter = CommandCounter.on(api);
    organisation = await api.organisation();
    const measured: Row[] = [];
    const measure = async (requests: readonly Counted[]): Promise<void> => {
      for (const one of requests) measured.push([one.request, await costOf(one)]);
    };
    await measure(await apiRequests(organisation));
    await measure(await configurationRequests(organisation));
    await measure(await keyRequests(organisation));
    await measure(peopleRequests(api, organisation));
    await measure(await nodeRequests(api, organisation));
    rows = measured;
    if (update !== undefined) documentRows(rows);
    if (show !== undefined) {
      process.stdout.write(
        `${rows.map(([request, { commands }]) => [request, ...commands].join('\n  ')).join('\n')}\n`,
      );
    }
  });
  afterAll(async () => {
    counter.stop();
    await api.stop();
  });

  it('of the main routes of every kind are those of docs/round-trips.md', () => {
    expect(measuredRows(rows)).toEqual(documentedRows());
  });

  it('are two to read one, three to list, four to change nothing, eight to change and nine to create at most', () => {
    const over = rows.filter(([request, { turns }]) => {
      const [, most = Infinity] = targets.find(([pattern]) => pattern.test(request)) ?? [];
      return turns > most;
    });
    expect(over.map(([request, { turns }]) => `${request}: ${turns}`)).toEqual([]);
  });
});

const isSame = (a: Cost, b: Cost | null): boolean =>
  b !== null && a.turns === b.turns && a.before === b.before && a.after === b.after && a.redis === b.redis;
