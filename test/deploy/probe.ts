import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';

/** What a health check has asked for, and the code it ended with. */
export interface Probed {
  readonly code: number;
  readonly asked: readonly string[];
}

const exitCodeOf = (script: string, environment: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, ['-e', script], { env: environment, timeout: 20_000 });
    child.on('exit', (code) => {
      resolve(code ?? -1);
    });
  });

const portOf = (server: Server): string => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port');
  return String(address.port);
};

/**
 * Runs the script of a health check against a server of our own.
 *
 * @param scriptFor the script, given the port that the server has
 * @param status what the server answers; null when nobody is to listen
 */
export const probe = async (
  scriptFor: (port: string) => { script: string; environment?: NodeJS.ProcessEnv },
  status: number | null,
): Promise<Probed> => {
  const asked: string[] = [];
  const server = createServer((request, reply) => {
    asked.push(request.url ?? '');
    reply.writeHead(status ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  if (status === null) await close();
  const { script, environment = {} } = scriptFor(port);
  const code = await exitCodeOf(script, environment);
  if (status !== null) await close();
  return { code, asked };
};
