import { api, FakeDashboard } from '../node-simulator/fake-dashboard';
import { parseArguments } from './arguments';
import { runSimulation } from './simulation';

describe('runSimulation', () => {
  const dashboard = new FakeDashboard();
  beforeAll(() => dashboard.start());
  afterAll(() => dashboard.stop());

  it('prints what each node does, leaves the routine out, and deregisters at the end', async () => {
    dashboard.apis = [api('a', '/a/')];
    const simulation = parseArguments([
      ...['--url', `${dashboard.url}/`, '--secret', 'n', '--gateway-secret', 'g', '--nodes', '2', '--heartbeat', '10'],
    ]);
    if (simulation === undefined) throw new Error('no simulation');
    const lines: string[] = [];
    const running = runSimulation(simulation, (line) => lines.push(line));
    await running.started;
    await running.stop();
    for (const name of ['simulated-1', 'simulated-2']) {
      const own = lines.filter((line) => line.includes(` ${name} `)).join('\n');
      expect(own).toContain('registered as node-');
      expect(own).toContain('loaded 1 API and 0 policies');
      expect(own).toContain('deregistered');
      expect(own).not.toContain('pinged');
    }
    expect(dashboard.callsOf('deregister')).toHaveLength(2);
  });
});
