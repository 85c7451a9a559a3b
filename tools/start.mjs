/**
 * npm start: installs, builds and starts Castellan with the database and the Redis it finds or brings, and says where
 * everything is. Ctrl-C stops it in order; another one, seconds later, at once.
 */
import { Launcher } from './lib/launcher.mjs';
import { live } from './lib/live.mjs';
import { dataDirectory } from './lib/paths.mjs';
import { createProgress } from './lib/progress.mjs';

const { env } = process;
const progress = createProgress();
process.exit(await live(new Launcher({ dataDir: dataDirectory(env), env, progress }), progress.say));
