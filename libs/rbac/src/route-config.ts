import { RouteConfig } from '@nestjs/platform-fastify';

/**
 * What the HTTP server knows of a route before it calls it. Beside what other decorators have said already:
 * `RouteConfig` alone would put its own in the place of theirs.
 */
export const addRouteConfig = (config: object): MethodDecorator => {
  const { KEY } = RouteConfig({});
  return (target, property, descriptor) => {
    const handler: unknown = descriptor.value;
    if (typeof handler !== 'function') throw new TypeError('Only methods are routes');
    const before: unknown = Reflect.getMetadata(KEY, handler);
    const merged = typeof before === 'object' && before !== null ? { ...before, ...config } : config;
    RouteConfig(merged)(target, property, descriptor);
  };
};
