import { parseArguments, type Simulation, usage, UsageError } from './arguments';
import { runSimulation } from './simulation';

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const simulationFrom = (argv: readonly string[]): Simulation | undefined => {
  try {
    const simulation = parseArguments(argv);
    if (simulation === undefined) process.stdout.write(usage);
    return simulation;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
};

const main = (): void => {
  const simulation = simulationFrom(process.argv.slice(2));
  if (simulation === undefined) return;
  const running = runSimulation(simulation, write);
  let leaving = false;
  const leave = (): void => {
    if (leaving) process.exit(1); // asked twice: the control plane may not be there to answer
    leaving = true;
    void running.stop().then(() => process.exit(0));
  };
  process.on('SIGINT', leave);
  process.on('SIGTERM', leave);
};

main();
