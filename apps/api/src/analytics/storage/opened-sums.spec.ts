import { mongo } from 'mongoose';
import type { OpenRows } from '@castellan/analytics';
import { OpenedSums } from './opened-sums';

const [first, second] = [new mongo.ObjectId(), new mongo.ObjectId()];
const rows = (bytes: number): OpenRows => ({ names: [], bytes: Buffer.alloc(bytes), begin: 0 });

describe('sums that are held opened', () => {
  it('are given for the version that they are of alone', () => {
    const held = new OpenedSums();
    const those = rows(1);
    held.set({ _id: 'a', version: first }, those);
    expect(held.get({ _id: 'a', version: new mongo.ObjectId(first.toString()) })).toBe(those);
    expect(held.get({ _id: 'b', version: first })).toBeNull();
    expect(held.get({ _id: 'a', version: second })).toBeNull();
    // Another version has come: the first one never comes back.
    expect(held.get({ _id: 'a', version: first })).toBeNull();
  });

  it('never come to more bytes than the bound, and those go first that nobody has asked for the longest', () => {
    const held = new OpenedSums(100);
    const has = (...ids: readonly string[]) => ids.filter((_id) => held.get({ _id, version: first }) !== null);
    for (const _id of ['a', 'b']) held.set({ _id, version: first }, rows(40));
    expect(has('a')).toEqual(['a']);
    held.set({ _id: 'c', version: first }, rows(40));
    expect(has('a', 'b', 'c')).toEqual(['a', 'c']);
    held.set({ _id: 'd', version: first }, rows(101));
    expect(has('a', 'b', 'c', 'd')).toEqual([]);
    held.set({ _id: 'e', version: first }, rows(100));
    held.set({ _id: 'e', version: second }, rows(100));
    expect(held.get({ _id: 'e', version: second })).not.toBeNull();
  });

  it('are let go after ten minutes, however often they are asked for', () => {
    let now = 0;
    const held = new OpenedSums(100, () => now);
    held.set({ _id: 'a', version: first }, rows(1));
    now = 599_000;
    expect(held.get({ _id: 'a', version: first })).not.toBeNull();
    now = 601_000;
    expect(held.get({ _id: 'a', version: first })).toBeNull();
  });
});
