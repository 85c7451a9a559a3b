/** Runs the start of a process; what goes wrong is said on standard error, and the process ends with 1. */
export const runProcess = (start: () => Promise<void>): void => {
  start().catch((error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  });
};

/** A wrong configuration is the operator's to mend and needs no stack; anything else does. */
const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'ConfigError' ? error.message : (error.stack ?? error.message);
};
