import { gunzipSync, gzipSync } from 'node:zlib';
import { toNodeList } from './generation';

describe('toNodeList', () => {
  it('is a reply that lacks only its end, the same plain and compressed', async () => {
    const list = await toNodeList(['{"a":1}', '{"b":"ü"}']);
    expect(`${list.plain.toString()}}`).toBe('{"Status":"OK","Message":[{"a":1},{"b":"ü"}]}');
    expect(gunzipSync(list.gzip)).toEqual(list.plain);
    expect(list.count).toBe(2);
  });

  it('can be followed by a gzip member that ends it', async () => {
    const { gzip } = await toNodeList(['{"a":1}']);
    const body = gunzipSync(Buffer.concat([gzip, gzipSync(',"Nonce":"n"}')])).toString();
    expect(JSON.parse(body)).toEqual({ Status: 'OK', Message: [{ a: 1 }], Nonce: 'n' });
  });

  it('has another hash as soon as content or order differ, and only then', async () => {
    const hash = async (...items: string[]): Promise<string> => (await toNodeList(items)).hash;
    expect(await hash('1', '2')).toBe(await hash('1', '2'));
    const different = [await hash(), await hash('1', '2'), await hash('2', '1'), await hash('1'), await hash('12')];
    expect(new Set(different).size).toBe(different.length);
  });
});
