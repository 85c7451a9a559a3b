import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import mongoose from 'mongoose';
import { z } from 'zod';
import { eventually } from '@castellan/testing';
import { folder, removeFolders, root } from './tools';

type Client = mongoose.mongo.MongoClient;
type Session = mongoose.mongo.ClientSession;
type Command = Record<string, unknown>;

const greeting = z.object({ mongodb: z.object({ url: z.string() }) });

/** A MongoDB alone, and two clients of it: each has a connection and with it a session of WiredTiger. */
class Database {
  readonly #process: ChildProcess;
  readonly #clients: Client[] = [];

  /** @param words Where its data are; without any they are thrown away at its end. */
  constructor(...words: string[]) {
    const args = ['tools/services.mjs', '--redis', '0', ...words];
    this.#process = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  }

  async connect(): Promise<[Client, Client]> {
    if (this.#process.stdout === null) throw new Error('no output');
    const line: IteratorResult<string, unknown> = await createInterface({ input: this.#process.stdout })
      [Symbol.asyncIterator]()
      .next();
    const { url } = greeting.parse(JSON.parse(String(line.value))).mongodb;
    const connect = (): Promise<Client> => mongoose.mongo.MongoClient.connect(url, { maxPoolSize: 1 });
    const pair: [Client, Client] = [await connect(), await connect()];
    this.#clients.push(...pair);
    return pair;
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    this.#process.stdin?.end();
    await eventually(() => this.#process.exitCode !== null);
  }
}

/** What changes from one answer to the next: times, and ids that the server makes. */
const ofTheMoment = new Set([
  '$clusterTime',
  'operationTime',
  'atClusterTime',
  'uuid',
  'info',
  'executionStats',
  'serverInfo',
]);

const lasting = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(lasting);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, held]) => (ofTheMoment.has(name) ? [] : [[name, lasting(held)]])),
  );
};

/** Sends these commands one after the other and keeps what each was answered. */
const conversation = (answers: unknown[]) => {
  const send = async (client: Client, command: Command, session?: Session): Promise<void> => {
    try {
      answers.push(
        lasting(
          await client
            .db('renameCollection' in command ? 'admin' : 'catalogue')
            .command(command, { ...(session && { session }) }),
        ),
      );
    } catch (error) {
      if (!(error instanceof mongoose.mongo.MongoServerError)) throw error;
      answers.push(lasting(error.errorResponse));
    }
  };
  return send;
};

const index = (key: Command, name: string, more: Command = {}): Command => ({
  createIndexes: 'things',
  indexes: [{ key, name, ...more }],
});
const insert = (...documents: Command[]): Command => ({ insert: 'things', documents });
const find = (filter: Command, more: Command = {}): Command => ({ find: 'things', filter, sort: { _id: 1 }, ...more });
const explain = (filter: Command): Command => ({ explain: { find: 'things', filter } });
const update = (q: Command, u: Command): Command => ({ update: 'things', updates: [{ q, u, upsert: true }] });
const remove = (q: Command): Command => ({ delete: 'things', deletes: [{ q, limit: 0 }] });
const aggregate = (pipeline: Command[]): Command => ({ aggregate: 'things', pipeline, cursor: {} });
const indexes = { listIndexes: 'things' };
const collections = { listCollections: 1, filter: { name: { $ne: 'elsewhere' } } };

const point = (...coordinates: number[]): Command => ({ type: 'Point', coordinates });
const { Binary, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, Timestamp } = mongoose.mongo;
/** One of each type, in no order. */
const values = [
  ...['text', 1, { a: 1 }, null, true, new Date(0), new Double(1.5), Long.fromNumber(2 ** 40), /^t/, [], [3, 'c']],
  ...[new MaxKey(), new Binary(Buffer.from('b')), new ObjectId('0'.repeat(24)), new MinKey(), '', -7, false],
  ...[Decimal128.fromString('1.25'), new Timestamp({ t: 1, i: 2 })],
];

/** Catalogue and data change under two clients, in transactions and outside of them. */
const talk = async ([one, other]: [Client, Client]): Promise<unknown[]> => {
  const answers: unknown[] = [];
  const send = conversation(answers);

  await send(one, find({ colour: 'red' }));
  await send(one, index({ colour: 1 }, 'colour'));
  await send(one, insert({ _id: 1, colour: 'red', size: 1 }, { _id: 2, colour: 'blue', size: 1 }));
  await send(other, explain({ colour: 'red' }));
  await send(other, index({ size: 1 }, 'once', { unique: true, partialFilterExpression: { colour: 'green' } }));
  await send(one, insert({ _id: 3, colour: 'green', size: 1 }, { _id: 4, colour: 'green', size: 1 }));
  await send(other, insert({ _id: 4, colour: 'green', size: 2, tags: ['a', 'b'] }));
  await send(one, index({ tags: 1, size: -1 }, 'tags'));
  await send(one, index({ weight: 1 }, 'weight'));
  await send(other, find({ tags: 'b' }, { hint: 'tags' }));
  await send(one, insert({ _id: 5, colour: ['grey', 'green'], size: 2 }));
  await send(one, explain({ colour: 'grey' }));
  await send(other, { dropIndexes: 'things', index: 'once' });
  await send(one, insert({ _id: 6, colour: 'green', size: 2 }, { _id: 5, colour: 'white' }));
  await send(one, find({ size: 2 }, { hint: 'once' }));
  await send(one, find({ $or: [{ colour: 'green' }, { _id: { $in: [1, 7] } }], size: { $gte: 1 } }));

  for (const end of ['abortTransaction', 'commitTransaction'] as const) {
    const session = one.startSession();
    session.startTransaction();
    await send(one, find({ size: 2 }), session);
    await send(other, index({ size: 1, [end]: 1 }, `size ${end}`));
    await send(other, update({ _id: end }, { $set: { size: 2, kind: [end] } }));
    await send(one, find({ size: 2 }), session);
    await send(one, update({ _id: `${end} inside` }, { $set: { size: 2, colour: ['red', 'pink'] } }), session);
    await send(one, find({}, { sort: { weight: 1 } }), session);
    await send(one, update({ _id: 1 }, { $set: { weight: [] } }), session);
    await send(one, find({}, { sort: { weight: 1 } }), session);
    await send(one, { ...insert({ _id: 1, end }), insert: `new ${end}` }, session);
    await send(one, find({ size: 2, colour: 'pink' }), session);
    await send(one, { ...find({}), find: `new ${end}` }, session);
    await send(other, find({ size: 2 }));
    await send(other, collections);
    await session[end]();
    await session.endSession();
    await send(one, explain({ size: 2 }));
    await send(other, find({ colour: 'pink' }));
    await send(other, indexes);
  }

  await send(one, index({ value: -1 }, 'value'));
  await send(other, insert(...values.map((value, at) => ({ _id: `value ${at}`, value }))));
  await send(one, find({ value: { $exists: true } }, { sort: { value: 1, _id: 1 } }));
  for (const value of values) await send(other, find({ value: { $gte: value } }, { sort: { value: 1, _id: -1 } }));
  await send(one, find({ colour: 'red', _id: 'value 0' }));
  await send(other, find({ _id: 'value 0', value: 'text', colour: null }));
  await send(other, find({ value: 'text', _id: 'nowhere' }));
  await send(one, index({ colour: 1, size: 1 }, 'both'));
  const firsts = [
    ...[{ colour: 'red' }, { colour: 'green', size: { $gte: 2 } }, { colour: 'none' }, { size: 2 }, {}],
    ...[
      { size: { $gt: 1, $lt: 9 } },
      { value: { $lte: 'text' } },
      { value: { $lte: 2 } },
      { value: { $gt: -8, $lt: 9 } },
      { colour: 'red', size: { $lt: 2, $ne: 1 } },
    ],
  ];
  for (const first of firsts) {
    const pipeline = [{ $match: first }, { $project: { size: 1 } }];
    await send(one, aggregate([{ $match: { _id: 1 } }, { $unionWith: { coll: 'things', pipeline } }]));
  }
  await send(one, aggregate([{ $unionWith: { coll: 'things', pipeline: [{ $match: { colour: 'red', $no: 1 } }] } }]));
  await send(one, { profile: 1, slowms: 100_000 });
  await send(other, { profile: -1 });
  await send(other, { profile: 0 });
  await send(one, { profile: -1 });

  const near = { $near: { $geometry: point(1, 1), $maxDistance: 200_000 } };
  const circle = { $geoWithin: { $centerSphere: [[1, 1], 0.03] } };
  const square = [
    [0, 0],
    [0, 9],
    [9, 9],
    [9, 0],
    [0, 0],
  ];
  const box = { type: 'Polygon', coordinates: [square] };
  await send(one, insert({ _id: 'nowhere', place: { type: 'Polygon', coordinates: [[[0]]] } }));
  await send(other, find({ place: { $geoWithin: { $geometry: { type: 'Polygon', coordinates: [[[0]]] } } } }));
  await send(one, { delete: 'things', deletes: [{ q: { _id: 'nowhere' }, limit: 1 }] });
  await send(one, index({ place: '2dsphere' }, 'place'));
  await send(
    other,
    insert({ _id: 'near', place: point(1, 2) }, { _id: 'far', place: point(50, 2) }, { _id: 'box', place: box }),
  );
  await send(other, insert({ _id: 'no place', place: point(500, 2) }));
  for (const place of [near, circle, { $geoIntersects: { $geometry: point(3, 3) } }]) await send(one, find({ place }));
  await send(one, { collMod: 'things', validator: { size: { $type: 'number' } } });
  await send(other, insert({ _id: 8, size: 'large' }, { _id: 9, size: 3 }));
  await send(other, update({ colour: 'red' }, { $set: { size: 'small' } }));
  await send(other, remove({ colour: 'green', size: { $lt: 2 } }));
  await send(one, {
    aggregate: 'things',
    pipeline: [{ $group: { _id: '$size', n: { $sum: 1 } } }, { $sort: { _id: 1 } }],
    cursor: {},
  });
  await send(one, { renameCollection: 'catalogue.things', to: 'catalogue.elsewhere' });
  await send(other, find({ colour: 'red' }));
  await send(other, { ...find({ colour: 'red' }), find: 'elsewhere' });
  await send(other, { create: 'things', capped: true, size: 100_000, max: 2 });
  await send(one, insert({ _id: 1, colour: 'red' }, { _id: 2, colour: 'red' }, { _id: 3, colour: 'red' }));
  await send(one, { ...find({ colour: 'red' }), hint: 'colour' });
  await send(other, indexes);
  await send(one, { drop: 'things' });
  await send(other, find({}));
  await send(other, { dropDatabase: 1 });
  await send(one, collections);
  return answers;
};

describe('the embedded MongoDB of tests', () => {
  const published = new Database('--data-dir', folder());
  const faster = new Database();
  afterAll(async () => {
    await Promise.all([published.end(), faster.end()]);
    removeFolders();
  });

  it('answers as it is published, while the catalogue changes under its clients', async () => {
    const [asPublished, answers] = await Promise.all([published.connect().then(talk), faster.connect().then(talk)]);
    expect(answers).toEqual(asPublished);
  });
});
