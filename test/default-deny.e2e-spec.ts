import { Controller, Get, Post } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ACCESS, Public } from '@castellan/rbac';
import { textOf, unique, type HttpClient, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../apps/api/test/api-under-test';
import { startAppWithRoutes, type AppWithRoutes } from './support/app-with-routes';
import { routesOf, type Route } from './support/fastify-routes';

/** What anybody may call. A route that is to join them has to be written down here. */
const publicPaths = [
  '/login',
  '/logout',
  '/tap',
  '/api/setup',
  '/hello',
  '/health/live',
  '/health/ready',
  '/metrics',
  '/openapi.json',
  '/sso/oidc/:id/login',
  '/sso/oidc/:id/callback',
  '/sso/oidc/:id/backchannel-logout',
];
const isDocumentation = ({ path }: Route): boolean => path.startsWith('/docs');

/** Handlers of HTTP routes that declare no access, as `Controller.method`. */
const undeclared = (app: NestFastifyApplication): readonly string[] => {
  const scanner = new MetadataScanner();
  const controllers = [...app.get(ModulesContainer).values()].flatMap(({ controllers }) => [...controllers.values()]);
  return controllers.flatMap(({ name, metatype }) => {
    const prototype: unknown = metatype?.prototype;
    if (typeof prototype !== 'object' || prototype === null) return [];
    const handlers = scanner
      .getAllMethodNames(prototype)
      .map((method) => [method, Reflect.get(prototype, method) as unknown] as const);
    return handlers
      .filter(([, handler]) => isRoute(handler) && !declaresAccess(handler))
      .map(([method]) => `${String(name)}.${method}`);
  });
};

const isRoute = (handler: unknown): handler is object =>
  typeof handler === 'function' && Reflect.hasMetadata(PATH_METADATA, handler);
const declaresAccess = (handler: object): boolean => Reflect.hasMetadata(ACCESS, handler);

describe('promise 7: default deny', () => {
  describe('every route of the API', () => {
    let api: ApiUnderTest;
    let organisation: TestOrganisation;
    let routes: readonly Route[];
    let permissions: ReadonlyMap<string, string>;

    beforeAll(async () => {
      api = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '100000', CREDENTIAL_ATTEMPTS: '100000' });
      organisation = await api.organisation();
      routes = routesOf(api.app).filter((route) => route.method !== 'HEAD' && !isDocumentation(route));
      permissions = await documentedPermissions();
    });
    afterAll(() => api.stop());

    /** `METHOD /path/:id` to what the published document says that it asks for. */
    const documentedPermissions = async (): Promise<ReadonlyMap<string, string>> => {
      const { json } = expectOk(await api.anonymous.get('/openapi.json'));
      return new Map(
        Object.entries(json['paths'] ?? {}).flatMap(([path, operations]) =>
          Object.entries(operations).map(([method, operation]) => [
            `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, ':id')}`,
            // Absent where a route declares nothing, which has a test of its own.
            'x-permission' in operation ? textOf(operation['x-permission']) : '',
          ]),
        ),
      );
    };
    const permissionOf = ({ method, path }: Route): string => permissions.get(`${method} ${path}`) ?? '';
    const call = (client: HttpClient, { method, path }: Route): Promise<Reply> =>
      client.call(method, path.replaceAll(/:\w+/g, '000000000000000000000000'), method === 'GET' ? {} : { body: {} });
    /** The routes that do not answer a caller with one of these statuses. */
    const answeringOtherwise = async (
      client: HttpClient,
      asked: readonly Route[],
      statuses: readonly number[],
    ): Promise<readonly string[]> => {
      const open: string[] = [];
      for (const route of asked) {
        const { status } = await call(client, route);
        if (!statuses.includes(status)) open.push(`${route.method} ${route.path} answered ${status}`);
      }
      return open;
    };
    const guarded = (): readonly Route[] => routes.filter(({ path }) => !publicPaths.includes(path));

    it('declares what it asks for', () => {
      expect(undeclared(api.app)).toEqual([]);
    });

    it('is in the published document, with what it asks for', () => {
      const missing = guarded().filter((route) => permissionOf(route) === '');
      expect(missing).toEqual([]);
      expect(guarded().length).toBeGreaterThan(20);
    });

    it('but those that are written down here as public refuses a caller without a credential', async () => {
      expect(await answeringOtherwise(api.anonymous, guarded(), [401])).toEqual([]);
      const declaredPublic = [...permissions].filter(([, permission]) => permission === 'public');
      expect(
        declaredPublic.map(([route]) => route.split(' ')[1]).filter((path) => !publicPaths.includes(path ?? '')),
      ).toEqual([]);
    });

    it('tells in Tyk’s words what it refuses', async () => {
      const { client } = await api.user(organisation.id, { websockets: 'read' });
      const reply = await client.get('/api/apis/?p=1');
      expect(reply.text).toMatch(
        /^{"Status":"Error","Message":"access denied: You do not have permission to access {2}\/api\/apis\/","Meta":null,/,
      );
    });
  });

  describe('a route that declares nothing', () => {
    @Controller('probe')
    class ProbeController {
      @Get('forgotten')
      forgotten(): string {
        return 'open to everybody';
      }

      @Post('forgotten')
      forgottenToo(): string {
        return 'open to everybody';
      }

      @Get('meant')
      @Public()
      meant(): string {
        return 'open to everybody';
      }
    }

    let app: AppWithRoutes;

    beforeAll(async () => {
      app = await startAppWithRoutes([ProbeController]);
    });
    afterAll(() => app.stop());

    it('refuses everybody', async () => {
      const admin = app.client.with({ 'admin-auth': app.config.adminSecret });
      const organisation = expectOk(await admin.post('/admin/organisations', { owner_name: unique('org') }));
      const user = expectOk(
        await admin.post('/admin/users', {
          email_address: `${unique('user')}@acme.example`,
          org_id: organisation.json['Meta'],
          user_permissions: { IsAdmin: 'admin' },
        }),
      );
      const callers = [
        app.client,
        admin,
        app.client.with({ authorization: app.config.nodeSecret }),
        app.client.with({ authorization: textOf(user.json['Message']) }),
      ];
      for (const caller of callers) {
        for (const method of ['GET', 'POST', 'HEAD']) {
          expect((await caller.call(method, '/probe/forgotten')).status).toBe(403);
        }
        expect((await caller.get('/probe/meant')).text).toBe('open to everybody');
      }
    });

    it('is listed by the test above', () => {
      expect(undeclared(app.app)).toEqual(['ProbeController.forgotten', 'ProbeController.forgottenToo']);
      const paths = routesOf(app.app).map(({ method, path }) => `${method} ${path}`);
      expect(paths).toEqual(expect.arrayContaining(['GET /probe/forgotten', 'POST /probe/forgotten']));
    });
  });
});
