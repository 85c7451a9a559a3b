import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadApiConfig } from './load';
import { configurationNotes } from './notes';

describe('notes on the configuration', () => {
  it.each([
    ['CASTELLAN_PORT', 'CASTELLAN_API_PORT'],
    ['CASTELLAN_MONGO_URI', 'CASTELLAN_MONGODB_URI'],
    ['CASTELLAN_REDIS_URI', 'CASTELLAN_REDIS_URL'],
    ['CASTELLAN_LOGLEVEL', 'CASTELLAN_LOG_LEVEL'],
    ['CASTELLAN_HOSTMANAGER_NODES', 'CASTELLAN_HOST_MANAGER_NODES'],
  ])('ask for %s whether %s was meant', (name, meant) => {
    const notes = configurationNotes({ [name]: 'a-secret-value' });
    expect(notes).toEqual([expect.stringContaining(`${name} is not a setting`)]);
    expect(notes.join()).toContain(`did you mean ${meant}?`);
    expect(notes.join()).not.toContain('a-secret-value');
  });

  it('leave alone settings, variables of tests, those of other programs and links of Kubernetes', () => {
    const environment = {
      PATH: '/bin',
      CASTELLAN_API_PORT: '3000',
      CASTELLAN_DATA_DIR: '.data',
      CASTELLAN_TEST_VENV: '/x',
      CASTELLAN_API_SERVICE_HOST: '10.0.0.1',
      CASTELLAN_API_SERVICE_PORT_HTTP: '3000',
      CASTELLAN_API_PORT_3000_TCP_ADDR: '10.0.0.1',
    };
    expect(configurationNotes(environment)).toEqual([]);
  });

  it('say which database is taken when the address names none, and it is taken', () => {
    const environment = {
      CASTELLAN_ADMIN_SECRET: 'an-admin-secret-of-length',
      CASTELLAN_NODE_SECRET: 'a-node-secret-of-length',
      CASTELLAN_MONGODB_URI: 'mongodb://me:hidden@127.0.0.1:27017',
      CASTELLAN_REDIS_URL: 'redis://127.0.0.1:6379',
    };
    expect(configurationNotes(environment)).toEqual([expect.stringMatching(/names no database.*"castellan"/)]);
    expect(loadApiConfig(environment).mongodbUri).toContain('/castellan?');
    expect(configurationNotes({ CASTELLAN_MONGODB_URI: 'mongodb://127.0.0.1/mine' })).toEqual([]);
  });

  it('say so of an address that comes from a file, too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-notes-'));
    const file = join(folder, 'uri');
    writeFileSync(file, 'mongodb://127.0.0.1:27017\n');
    try {
      expect(configurationNotes({ CASTELLAN_MONGODB_URI_FILE: file })).toEqual([
        expect.stringMatching(/names no database.*"castellan"/),
      ]);
      expect(configurationNotes({ CASTELLAN_MONGODB_URI_FILE: join(folder, 'missing') })).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
