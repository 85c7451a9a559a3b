import { existsSync, readFileSync } from 'node:fs';
import { eventually, numberOf } from '@castellan/testing';
import { stagesOf, textOfOnly } from '../deploy/dockerfile';
import { manifestOf } from '../deploy/kubernetes';
import { Stack } from './support/stack';

const mebibyte = 1024 * 1024;

/** What the process holds at this moment, as it says itself. */
const residentBytes = async ({ api }: Stack): Promise<number> => {
  const { text } = await api.client.get('/metrics');
  return numberOf(Number(/^process_resident_memory_bytes\{[^}]*\} (\d+)/m.exec(text)?.[1]));
};

/** The most that a process has ever held, where the system says it; 0 elsewhere. */
const peakBytes = (pid: number): number => {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  return 1024 * numberOf(Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1]));
};

/** The api as the image starts it, with the settings of the pod. */
const deployed = (): Readonly<Record<string, string>> => {
  const stage = stagesOf('deploy/docker/api.Dockerfile').at(-1);
  const heap = stage === undefined ? undefined : /--max-old-space-size=\d+/.exec(textOfOnly(stage, 'CMD'))?.[0];
  if (heap === undefined) throw new Error('The image says nothing of the heap');
  const { data } = manifestOf('api.yaml', 'ConfigMap');
  return { ...data, NODE_OPTIONS: heap, CASTELLAN_SHUTDOWN_DELAY_MS: '0' };
};

describe('documents that are made to be heavy', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ settings: deployed(), nodes: [] });
  });
  afterAll(() => stack.end());

  it('end neither the process nor its answers, nor take more memory at any moment than the pod has, under the heap that the deployment gives', async () => {
    const client = (await stack.tenant()).client();
    const [container] = manifestOf('api.yaml', 'Deployment').spec.template.spec.containers;
    const limit = numberOf(Number(/^(\d+)Gi$/.exec(container.resources.limits['memory'] ?? '')?.[1])) * 1024 * mebibyte;
    const yaml = { headers: { 'content-type': 'application/yaml' } };
    const bomb = (aliases: number): string => `x: &x ${'y'.repeat(300_000)}\nl: [${'*x,'.repeat(aliases)}]`;
    // A megabyte, of which reading takes 400 MiB where nothing bounds that. What follows the list costs nothing more.
    const list = `[${'a,'.repeat(200_000)}] #`.padEnd(mebibyte, 'x');
    const heavy = [bomb(50_000), bomb(7_000), list, list, list, list];
    let answering = true;
    const replies = Promise.all(heavy.map((body) => client.post('/api/apis/oas/dry-run', body, yaml))).finally(() => {
      answering = false;
    });
    const health = new Map<number, number>();
    let used = 0;
    await eventually(
      async () => {
        if (!stack.api.running) return true;
        const { status } = await stack.api.client.get('/health/live');
        health.set(status, (health.get(status) ?? 0) + 1);
        used = Math.max(used, await residentBytes(stack));
        return !answering;
      },
      { intervalMs: 100, describe: 'the documents to be answered' },
    );
    for (const { status } of await replies) expect([400, 413, 503]).toContain(status);
    expect([...health.keys()]).toEqual([200]);
    expect(health.get(200)).toBeGreaterThan(10);
    expect(stack.api.running).toBe(true);
    expect(used).toBeGreaterThan(0);
    expect(Math.max(used, peakBytes(stack.api.pid))).toBeLessThan(limit);
  });
});
