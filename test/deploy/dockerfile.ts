import { textOf } from './repository';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  /** The image or stage it begins with, arguments put in. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  /** The stage or image it copies from; null for the folder that is built. */
  readonly from: string | null;
  readonly sources: readonly string[];
  readonly target: string;
}

const toInstruction = (line: string): Instruction => {
  const [name = '', ...rest] = line.split(' ');
  return { name, text: rest.join(' ').trim() };
};

const instructionsOf = (path: string): Instruction[] =>
  textOf(path)
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(toInstruction);

/** The stages of a Dockerfile, in the subset of its language that ours use. */
export const stagesOf = (path: string): Stage[] => {
  const defaults: Record<string, string> = {};
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const instruction of instructionsOf(path)) {
    const stage = stages.at(-1);
    if (instruction.name === 'FROM') {
      const [base = '', name = ''] = instruction.text.split(/ AS /i);
      stages.push({
        name,
        base: base.replace(/\$\{(\w+)\}/g, (_, argument: string) => defaults[argument] ?? ''),
        instructions: [],
      });
    } else if (stage === undefined) {
      const [name = '', value = ''] = instruction.text.split('=');
      defaults[name] = value;
    } else {
      stage.instructions.push(instruction);
    }
  }
  return stages;
};

/** The texts of all instructions of one name. */
export const textsOf = ({ instructions }: Stage, name: string): string[] =>
  instructions.filter((instruction) => instruction.name === name).map(({ text }) => text);

/** The text of the one instruction of that name. */
export const textOfOnly = (stage: Stage, name: string): string => {
  const [text, ...others] = textsOf(stage, name);
  if (text === undefined || others.length > 0) throw new Error(`${stage.name} has not exactly one ${name}`);
  return text;
};

export const copiesOf = (stage: Stage): Copy[] =>
  textsOf(stage, 'COPY').map((text) => {
    const words = text.split(' ');
    const from = words[0]?.startsWith('--from=') ? words[0].slice('--from='.length) : null;
    const paths = from === null ? words : words.slice(1);
    return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
  });

/** The variables that a stage sets. */
export const environmentOf = (stage: Stage): Record<string, string> =>
  Object.fromEntries(
    textsOf(stage, 'ENV').flatMap((text) =>
      [...text.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value]) => [name, value ?? '']),
    ),
  );

const toPattern = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .split('/')
      .map((segment) => (segment === '**' ? '(?:.*/)?' : `${segment.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}/`))
      .join('')
      .replace(/\/$/, '')}(?:/.*)?$`,
  );

/** Whether `.dockerignore` lets a file or folder through to the builder: the last pattern that fits decides. */
export const reachesBuilder = (path: string): boolean =>
  textOf('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .reduce((passes, line) => {
      const negated = line.startsWith('!');
      return toPattern(negated ? line.slice(1) : line).test(path) ? negated : passes;
    }, true);
