import * as fc from 'fast-check';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../../json/json-text';
import { at, textAt } from '../../json/read';
import { anyJson } from '../../testing/arbitraries';
import { checkHook, embedHooks, referencedHookIds } from './webhook';

const hook = (id: string, fields: JsonObject = {}): JsonObject => ({
  api_model: {},
  id,
  org_id: '5e9d9544a1dcd60001d0ed20',
  name: `Hook ${id}`,
  method: 'POST',
  target_path: `https://hooks.example.com/${id}`,
  template_path: '',
  header_map: { 'x-test': '1' },
  event_timeout: 0,
  ...fields,
});
const hooks = (...list: JsonObject[]) => new Map(list.map((one) => [textAt(one, 'id'), one]));
const reference = (id: string, event_name = 'QuotaExceeded', fields: JsonObject = {}): JsonObject => ({
  event_name,
  event_timeout: 60,
  hook: { id, name: 'out of date' },
  ...fields,
});
const logHandler = { handler_name: 'eh_log_handler', handler_meta: { id: 'a' } };
const handWritten = { handler_name: 'eh_web_hook_handler', handler_meta: { method: 'GET', target_path: 'http://own' } };
const eventsOf = (definition: JsonObject) => at(definition, 'event_handlers', 'events');

describe('embedHooks', () => {
  it('writes a referenced hook as nodes need it', () => {
    const definition = embedHooks({ name: 'api' }, [reference('a')], hooks(hook('a')));
    expect(definition).toEqual({
      name: 'api',
      event_handlers: {
        events: {
          QuotaExceeded: [
            {
              handler_name: 'eh_web_hook_handler',
              handler_meta: {
                _id: 'a',
                id: 'a',
                org_id: '5e9d9544a1dcd60001d0ed20',
                name: 'Hook a',
                method: 'POST',
                target_path: 'https://hooks.example.com/a',
                template_path: '',
                header_map: { 'x-test': '1' },
                event_timeout: 60,
              },
            },
          ],
        },
      },
    });
  });

  it('leaves a definition without hooks as it is', () => {
    const definition = { name: 'api' };
    expect(embedHooks(definition, [], hooks(hook('a')))).toBe(definition);
    expect(embedHooks(definition, undefined, hooks())).toBe(definition);
    expect(embedHooks(definition, [reference('gone')], hooks())).toBe(definition);
  });

  it('keeps the handlers of others, in their places', () => {
    const before = {
      event_handlers: {
        note: 1,
        events: { QuotaExceeded: [logHandler, handWritten], KeyExpired: [handWritten], AuthFailure: [] },
      },
    };
    const after = embedHooks(before, [reference('a')], hooks(hook('a')));
    expect(at(after, 'event_handlers', 'note')).toBe(1);
    expect(eventsOf(after)).toMatchObject({
      QuotaExceeded: [logHandler, handWritten, { handler_meta: { _id: 'a' } }],
      KeyExpired: [handWritten],
      AuthFailure: [],
    });
    expect(embedHooks(after, [], hooks(hook('a')))).toEqual(before);
  });

  it('refreshes a changed hook in its place', () => {
    const references = [reference('a'), reference('b')];
    const before = embedHooks({}, references, hooks(hook('a'), hook('b')));
    const after = embedHooks(before, references, hooks(hook('a', { target_path: 'https://new' }), hook('b')));
    expect(eventsOf(after)).toMatchObject({
      QuotaExceeded: [{ handler_meta: { _id: 'a', target_path: 'https://new' } }, { handler_meta: { _id: 'b' } }],
    });
  });

  it('takes over an entry that older dashboards wrote, and what else it holds', () => {
    const old = {
      handler_name: 'eh_web_hook_handler',
      handler_meta: { _id: 'a', name: 'old', disabled: true },
      extra: 1,
    };
    const before = { event_handlers: { events: { QuotaExceeded: [old, old] } } };
    const after = embedHooks(before, [reference('a')], hooks(hook('a')));
    expect(at(eventsOf(after), 'QuotaExceeded')).toEqual([
      expect.objectContaining({
        extra: 1,
        handler_meta: expect.objectContaining({ name: 'Hook a', disabled: true }) as unknown,
      }),
    ]);
  });

  it('removes the entry of a removed reference, also when the hook itself is gone', () => {
    const before = embedHooks({}, [reference('a'), reference('a', 'KeyExpired')], hooks(hook('a')));
    expect(eventsOf(embedHooks(before, [reference('a')], hooks(hook('a'))))).toMatchObject({ QuotaExceeded: [{}] });
    expect(eventsOf(embedHooks(before, [], hooks(hook('a'))))).toEqual({});
    expect(eventsOf(embedHooks(before, [], hooks(), ['a']))).toEqual({});
    expect(eventsOf(embedHooks(before, [reference('a')], hooks()))).toEqual({});
    // Nobody knows this hook: it was written by hand, or comes from another installation.
    expect(embedHooks(before, [], hooks())).toEqual(before);
  });

  it('uses the timeout of the hook when the reference has none', () => {
    const noTimeout = { event_name: 'QuotaExceeded', hook: { id: 'a' } };
    const after = embedHooks({}, [noTimeout], hooks(hook('a', { event_timeout: 5 })));
    expect(at(eventsOf(after), 'QuotaExceeded')).toMatchObject([{ handler_meta: { event_timeout: 5 } }]);
  });

  it('gives the same when done again, and nothing of its own is left when the references go', () => {
    const ids = ['a', 'b', 'c'];
    const known = hooks(...ids.map((id) => hook(id)));
    const references = fc.array(
      fc
        .tuple(fc.constantFrom(...ids, 'unknown'), fc.constantFrom('E1', 'E2', '__proto__'))
        .map(([id, event]) => reference(id, event)),
    );
    const handlers = fc.array(fc.constantFrom<JsonValue>(logHandler, handWritten, null), { maxLength: 3 });
    const events = fc.dictionary(fc.constantFrom('E1', 'E2', 'E3'), handlers);
    fc.assert(
      fc.property(events, references, references, (own, first, second) => {
        const start = { event_handlers: { events: own } };
        const once = embedHooks(start, first, known);
        expect(JSON.stringify(embedHooks(once, first, known))).toBe(JSON.stringify(once));
        const after = embedHooks(embedHooks(once, second, known), [], known);
        const withoutEmpty = (value: JsonValue | undefined) =>
          isJsonObject(value)
            ? Object.entries(value).filter(([, list]) => !Array.isArray(list) || list.length > 0)
            : [];
        expect(withoutEmpty(eventsOf(after))).toEqual(withoutEmpty(own));
      }),
    );
  });

  it('survives any JSON in its way', () => {
    fc.assert(
      fc.property(anyJson, anyJson, anyJson, (handlers, events, references) => {
        embedHooks({ event_handlers: handlers }, references, hooks(hook('a')));
        embedHooks({ event_handlers: { events } }, [references, reference('a')], hooks(hook('a')));
      }),
    );
    const hostile = parseJson('[{"event_name":"__proto__","hook":{"id":"a"}}]');
    expect(JSON.stringify(embedHooks({}, hostile, hooks(hook('a'))))).toContain('"events":{"__proto__":[{');
  });
});

describe('referencedHookIds', () => {
  it('lists each hook once', () => {
    const references = [reference('b'), reference('a'), reference('b', 'KeyExpired'), {}, null, { hook: { _id: 'c' } }];
    expect(referencedHookIds(references)).toEqual(['b', 'a', 'c']);
    expect(referencedHookIds(null)).toEqual([]);
  });
});

describe('checkHook', () => {
  it.each([
    hook('a'),
    { method: 'get', target_path: 'http://localhost:9003/x' },
    hook('a', { target_path: 'env://HOOK' }),
  ])('takes %j', (value) => {
    expect(checkHook(value)).toEqual([]);
  });

  it.each<[JsonValue, string]>([
    [null, ''],
    [hook('a', { method: 'TRACE' }), 'method'],
    [{ target_path: 'http://x' }, 'method'],
    [{ method: 'GET' }, 'target_path'],
    [hook('a', { target_path: '/relative' }), 'target_path'],
    [hook('a', { target_path: 'ws://x' }), 'target_path'],
    [hook('a', { target_path: 'http://a b' }), 'target_path'],
    [hook('a', { header_map: { a: 1 } }), 'header_map["a"]'],
    [hook('a', { event_timeout: '60' }), 'event_timeout'],
    [hook('a', { event_timeout: -1 }), 'event_timeout'],
  ])('refuses %j at %j', (value, path) => {
    expect(checkHook(value).map((problem) => problem.path)).toEqual([path]);
  });
});
