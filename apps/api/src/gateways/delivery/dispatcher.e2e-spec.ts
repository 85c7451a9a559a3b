import { createHash } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { newObjectId, toObjectId } from '@castellan/persistence';
import { anApiDefinition, eventually, textOf } from '@castellan/testing';
import { workerRedisUrl } from '../../../../../test/support/test-services';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';

const eventChannel = 'configuration.changed';
const signalChannel = 'tyk.cluster.notifications';

interface Heard {
  readonly channel: string;
  readonly message: Readonly<Record<string, unknown>>;
}

describe('from a committed change to what is published on Redis', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let subscriber: Redis;
  let heard: Heard[];

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
    heard = [];
    subscriber = new Redis(workerRedisUrl());
    subscriber.on('message', (channel, text) => {
      heard.push({ channel, message: JSON.parse(text) as Record<string, unknown> });
    });
    await subscriber.subscribe(eventChannel, signalChannel);
  });
  afterAll(async () => {
    subscriber.disconnect();
    await api.stop();
  });
  beforeEach(() => {
    heard.length = 0;
  });

  const outbox = () => api.app.get<Connection>(getConnectionToken()).collection('outbox');
  const create = async (): Promise<{ id: string; apiId: string }> => {
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const hearing = (predicate: (heard: Heard) => boolean, describe: string): Promise<Heard> =>
    eventually(() => heard.find(predicate), { describe });
  const eventAbout = (id: string): Promise<Heard> =>
    hearing(
      ({ channel, message }) => channel === eventChannel && JSON.stringify(message).includes(id),
      `an event about ${id}`,
    );
  const commandsHeard = (): unknown[] =>
    heard.flatMap(({ channel, message }) => (channel === signalChannel ? [message['command']] : []));

  it('is an event in the form of Nest’s Redis transport, naming organisation, generation and resource', async () => {
    const { id } = await create();
    const { message } = await eventAbout(id);
    expect(message).toEqual({
      pattern: eventChannel,
      data: {
        reason: 'change',
        organisation: organisation.id,
        generation: expect.any(Number) as number,
        changes: [{ kind: 'api', id, operation: 'create', version: 1 }],
      },
    });
  });

  it('is a message that a gateway accepts: sha256 over command, payload and node secret', async () => {
    const { id } = await create();
    await eventAbout(id);
    const { message } = await hearing(({ channel }) => channel === signalChannel, 'a signed message');
    const { command, payload, signature, algorithm } = message;
    expect([command, payload, algorithm]).toEqual(['ApiAdded', '', 5]);
    const expected = createHash('sha256').update(`ApiAdded${api.config.nodeSecret}`).digest('hex');
    expect(signature).toBe(expected);
    expect(Object.keys(message)).toEqual(['command', 'payload', 'signature', 'algorithm']);
  });

  it('says what was done: added, updated, removed', async () => {
    const { id, apiId } = await create();
    await hearing(({ message }) => message['command'] === 'ApiAdded', 'ApiAdded');
    const definition = anApiDefinition({ api_id: apiId });
    expectOk(await organisation.admin.client.put(`/api/apis/${id}`, { api_definition: definition }));
    await hearing(({ message }) => message['command'] === 'ApiUpdated', 'ApiUpdated');
    expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
    await hearing(({ message }) => message['command'] === 'ApiRemoved', 'ApiRemoved');
  });

  it('is nothing for what does not concern nodes, or was refused', async () => {
    await api.user(organisation.id, { apis: 'read' });
    const refused = await organisation.admin.client.post('/api/apis', { api_definition: {} });
    expect(refused.status).toBe(400);
    // A change after it: by the time this one is heard, the others would have been.
    const { id } = await create();
    await eventAbout(id);
    await hearing(({ channel }) => channel === signalChannel, 'its signal');
    expect(commandsHeard()).toEqual(['ApiAdded']);
    expect(heard.filter(({ channel }) => channel === eventChannel)).toHaveLength(1);
  });

  it('counts the changes of an organisation without a gap', async () => {
    const ids = [(await create()).id, (await create()).id, (await create()).id];
    const generations: number[] = [];
    for (const id of ids) {
      const { message } = await eventAbout(id);
      const generation = /"generation":(\d+)/.exec(JSON.stringify(message))?.[1];
      generations.push(Number(generation));
    }
    const [first = 0] = generations;
    expect(generations).toEqual([first, first + 1, first + 2]);
  });

  it('is marked as published, so that it is not published for ever', async () => {
    const { id } = await create();
    await eventAbout(id);
    const entry = await eventually(() => outbox().findOne({ 'changes.id': id, publishedAt: { $ne: null } }));
    expect(entry['publishedAt']).toBeInstanceOf(Date);
    const before = heard.length;
    const { id: next } = await create();
    await eventAbout(next);
    expect(heard.slice(before).filter(({ message }) => JSON.stringify(message).includes(id))).toEqual([]);
  });

  it('promise 1: an entry that a crashed process has left behind is published, too', async () => {
    const _id = newObjectId();
    const left = newObjectId().toString();
    await outbox().insertOne({
      _id,
      orgId: toObjectId(organisation.id),
      generation: 4_711,
      changes: [{ kind: 'policy', id: left, operation: 'update', version: 3 }],
      commands: ['PolicyChanged'],
      createdAt: new Date(),
      publishedAt: null,
    });
    const { message } = await eventAbout(left);
    expect(message).toMatchObject({ data: { reason: 'change', organisation: organisation.id, generation: 4_711 } });
    await hearing(({ message: signal }) => signal['command'] === 'PolicyChanged', 'PolicyChanged');
    await eventually(() => outbox().findOne({ _id, publishedAt: { $ne: null } }));
  });

  it('shows how long the oldest change has been waiting', async () => {
    const lag = async (): Promise<number> => {
      const { text } = await api.anonymous.get('/metrics');
      return Number(/^castellan_outbox_lag_seconds\{[^}]*\} (\S+)$/m.exec(text)?.[1]);
    };
    const { id } = await create();
    await eventAbout(id);
    await eventually(async () => (await lag()) === 0);
  });
});
