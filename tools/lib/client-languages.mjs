import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findOnPath, root } from './paths.mjs';
import { patience } from './patience.mjs';
import { Problem } from './problem.mjs';
import { silent } from './progress.mjs';
import { run } from './run.mjs';
import { cacheDirectory, ensureVenv, pythonEnvironment, venvFolder, venvProgram } from './venv.mjs';

/**
 * A program with a generated client, ready to be run with the address of an API and its admin secret.
 * @typedef {{ file: string, args: string[], env: NodeJS.ProcessEnv }} ClientProgram
 */

/** What has to be there to generate and compile is not, and could not be had. */
export class ToolsMissing extends Error {
  /** @override */
  name = 'ToolsMissing';
}

const document = join(root, 'openapi.json');
const generator = { module: 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen', version: 'v2.8.2' };

/**
 * By language: generates a client in a folder and compiles the program of `tools/clients` with it.
 * @type {Readonly<Record<string, (folder: string, env: NodeJS.ProcessEnv) => Promise<ClientProgram>>>}
 * @throws ToolsMissing, or a Problem that says what the generator or the compiler found
 */
export const languages = { TypeScript: typescript, Python: python, Go: go };

/**
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 */
async function typescript(folder, env) {
  const { default: generate, astToString } = await import('openapi-typescript');
  const types = await generate(JSON.parse(readFileSync(document, 'utf8')));
  // Not a file of declarations: those are not checked themselves.
  writeFileSync(join(folder, 'openapi.ts'), astToString(types));
  copyFileSync(program('ts'), join(folder, 'program.ts'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noEmitOnError'];
  const target = ['--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023,dom', '--types', 'node'];
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await succeed(process.execPath, [tsc, ...strict, ...target, '--skipLibCheck', 'program.ts'], { cwd: folder, env });
  return { file: process.execPath, args: [join(folder, 'program.js')], env };
}

/**
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 */
async function python(folder, env) {
  const venv = venvFolder(env);
  await available('openapi-python-client', () => ensureVenv(venv, ['openapi-python-client'], env, silent));
  const own = { ...pythonEnvironment(env), PATH: `${venvProgram(venv, '')}${delimiter}${env.PATH ?? ''}` };
  const args = ['generate', '--path', document, '--output-path', join(folder, 'client'), '--meta', 'none'];
  await succeed(venvProgram(venv, 'openapi-python-client'), args, { cwd: folder, env: own });
  copyFileSync(program('py'), join(folder, 'program.py'));
  return { file: venvProgram(venv, 'python'), args: ['-W', 'error', join(folder, 'program.py')], env: own };
}

/**
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 */
async function go(folder, env) {
  const compiler = findOnPath('go', env);
  if (compiler === undefined) throw new ToolsMissing('there is no go on PATH');
  const bin = join(cacheDirectory(env), `oapi-codegen-${generator.version}`);
  const own = { ...env, GOBIN: bin, GOFLAGS: '-mod=mod', GO111MODULE: 'on' };
  const codegen = join(bin, 'oapi-codegen');
  if (!existsSync(codegen)) {
    const args = ['install', `${generator.module}@${generator.version}`];
    await available('oapi-codegen', () => succeed(compiler, args, { cwd: folder, env: own }));
  }
  const args = ['-generate', 'types,client', '-package', 'main', '-o', join(folder, 'client.go'), document];
  await succeed(codegen, args, { cwd: folder, env: own });
  copyFileSync(program('go'), join(folder, 'program.go'));
  await succeed(compiler, ['mod', 'init', 'castellan.example/client'], { cwd: folder, env: own });
  const modules = () => succeed(compiler, ['mod', 'tidy'], { cwd: folder, env: own });
  await available('the modules that the generated client needs', modules);
  await succeed(compiler, ['build', '-o', 'program', '.'], { cwd: folder, env: own });
  return { file: join(folder, 'program'), args: [], env: own };
}

/** @param {string} ending */
function program(ending) {
  return join(root, 'tools', 'clients', `program.${ending}`);
}

/**
 * Installs something; where that is not to be had, the language cannot be tried here.
 * @param {string} name
 * @param {() => Promise<unknown>} install
 */
async function available(name, install) {
  try {
    await install();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new ToolsMissing(`${name} could not be installed: ${error.details?.split('\n').at(-1) ?? error.message}`);
  }
}

/**
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 */
export async function succeed(file, args, { cwd, env }) {
  mkdirSync(cwd, { recursive: true });
  const { code, output } = await run(file, args, { cwd, env, timeout: patience.checkMs });
  if (code !== 0) throw new Problem(`${[file, ...args].join(' ')} ended with ${code}.`, { details: output });
  return output;
}
