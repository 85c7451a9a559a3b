/**
 * npm run dev: `npm start` for whoever works on the sources. What is saved is compiled, and the app that uses it starts
 * again; the databases go on. Both apps can be debugged, at the addresses that are printed.
 */
import { compileOnChange } from './lib/build.mjs';
import { Launcher } from './lib/launcher.mjs';
import { live } from './lib/live.mjs';
import { dataDirectory } from './lib/paths.mjs';
import { freePortNear } from './lib/ports.mjs';
import { createProgress } from './lib/progress.mjs';

const { env } = process;
const progress = createProgress();
const api = await freePortNear(9_229);
const inspect = { api, 'host-manager': await freePortNear(9_230, api) };
const launcher = new Launcher({ dataDir: dataDirectory(env), env, progress, inspect });
launcher.whenStarted(() => {
  compileOnChange(progress.say);
  progress.say(`Debugger: api 127.0.0.1:${inspect.api}, host-manager 127.0.0.1:${inspect['host-manager']}`);
  progress.say('Watching apps/ and libs/: what is saved is compiled, and the app that uses it starts again.\n');
});
process.exit(await live(launcher, progress.say));
