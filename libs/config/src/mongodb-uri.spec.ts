import { withDatabase } from './mongodb-uri';

describe('an address of MongoDB', () => {
  it.each([
    ['mongodb://db', 'mongodb://db/castellan'],
    ['mongodb://db:1/', 'mongodb://db:1/castellan'],
    ['mongodb://a:1,b:2/?replicaSet=rs0', 'mongodb://a:1,b:2/castellan?replicaSet=rs0'],
    ['mongodb://a?replicaSet=rs0', 'mongodb://a/castellan?replicaSet=rs0'],
  ])('that names no database, %s, gets one: %s', (uri, expected) => {
    expect(withDatabase(uri)).toBe(expected);
  });

  it.each([
    ['mongodb://me:secret@db', 'mongodb://me:secret@db/castellan?authSource=admin'],
    ['mongodb://me:secret@db/?tls=true', 'mongodb://me:secret@db/castellan?tls=true&authSource=admin'],
    ['mongodb://me:secret@db/?authSource=users', 'mongodb://me:secret@db/castellan?authSource=users'],
    ['mongodb://me@db/?authMechanism=MONGODB-X509', 'mongodb://me@db/castellan?authMechanism=MONGODB-X509'],
    ['mongodb+srv://me:secret@db.example', 'mongodb+srv://me:secret@db.example/castellan'],
  ])('keeps looking for its user where it did: %s', (uri, expected) => {
    expect(withDatabase(uri)).toBe(expected);
  });

  it.each(['mongodb://db/mine', 'mongodb://me:secret@db/mine?x=1', 'redis://db'])('stays as it is: %s', (uri) => {
    expect(withDatabase(uri)).toBe(uri);
  });
});
