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

/** What the round trips of a request may be at most before its reply: the first that fits. */
const targets: readonly (readonly [request: RegExp, most: number])[] = [
  // Whose other half lies at Redis: what has to come there is noted with the change, and struck off once it is there.
  [/^(POST|PUT) .api.apis.oauth/, 15],
  [/^(POST|PUT) .api.(certs|keys)/, 11],
  // Lists of what gateways may have made by themselves look for it at Redis first, and then for what is known of that.
  [/^GET .api.(certs|apis.oauth.\{apiId\})$/, 5],
  [/^GET .api.apis.oauth.\{apiId\}.\{id\}$/, 3],
  // A key may be named by several fields, and each is a question of its own.
  [/^GET .api.keys.\{id\}$/, 3],
  // A document is looked at only when there is an API that it is for.
  [/^PUT .api.apis.oas.\{id\}$/, 9],
  [/^PUT .api.apis.oas.\{id\}, unchanged$/, 5],
  // Whoever changes people is measured by the rights of that moment, which are read again in the transaction.
  [/^PUT .(api|admin).(users|usergroups).\{id\}, unchanged$/, 5],
  // When people came in is kept apart from what they are, and shown with it.
  [/^GET .(api|admin).users.\{id\}$/, 3],
  [/^GET .api.users$/, 4],
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
   * Reads cost the same every time. Of writes, the same cost twice: the look that publishes a change may fall together with one
   * that a timer makes.
   */
  const costOf = async ({ request, prepare, call }: Counted): Promise<Cost> => {
    const once = async (): Promise<Cost> => {
      const prepared = (await prepare?.()) ?? '';
      return counter.costOf(() => done(call(prepared)));
    };
    let cost = await once();
    for (let last: Cost | null = null; !request.startsWith('GET') && !isSame(cost, last);)
      [last, cost] = [cost, await once()];
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

  it('are two to read one, three to list, four to change nothing, eight to change and nine to create, but where it is said', () => {
    const over = rows.filter(([request, { before }]) => {
      const [, most = Infinity] = targets.find(([pattern]) => pattern.test(request)) ?? [];
      return before > most;
    });
    expect(over.map(([request, { before }]) => `${request}: ${before}`)).toEqual([]);
  });
});

const isSame = (a: Cost, b: Cost | null): boolean =>
  b !== null && a.before === b.before && a.after === b.after && a.redis === b.redis;
