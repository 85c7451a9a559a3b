import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export interface Route {
  readonly method: string;
  /** Each parameter is `:id`, since the router has one place for all of them, whatever routes call it. */
  readonly path: string;
}

const branch = /^((?:│ {3}| {4})*)(?:├── |└── )(.*)$/;

/**
 * Every route that the server really has, read from the tree that Fastify prints of itself: whatever has brought it there,
 * a controller, a plugin or a library.
 */
export const routesOf = (app: NestFastifyApplication): readonly Route[] => {
  const tree = app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const parents: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, label] = branch.exec(line) ?? [];
    if (indent === undefined || label === undefined) return [];
    const depth = indent.length / 4;
    const [, segment = '', methods] = /^(.*?)(?: \(([A-Z, -]+)\))?$/.exec(label) ?? [];
    const path = `${depth === 0 ? '' : (parents[depth - 1] ?? '')}${segment}`;
    parents[depth] = path;
    return (methods ?? '')
      .split(', ')
      .filter((method) => method !== '')
      .map((method) => ({ method, path: path.replaceAll(/:\w+(\|:\w+)*/g, ':id') }));
  });
};
