import { loadApiConfig } from '@castellan/config';
import { threadMemory } from '../../apps/api/src/threads/threads';
import { apps, exampleOf } from './apps';
import { stagesOf, textOfOnly } from './dockerfile';
import { manifestOf } from './kubernetes';

const mebibyte = 1024 * 1024;

/** What Node.js, its code and its buffers take beside the heaps, in MiB. */
const beside = 256;

describe('the memory of the api’s pod', () => {
  const stage = stagesOf(apps[0]?.dockerfile ?? '').at(-1);
  if (stage === undefined) throw new Error('The Dockerfile of the api has no stage');
  const [container] = manifestOf('api.yaml', 'Deployment').spec.template.spec.containers;
  const settings = {
    ...manifestOf('api.yaml', 'ConfigMap').data,
    ...Object.fromEntries(container.env.map(({ name }) => [name, exampleOf(name)])),
  };

  it('has room for the heap of the image, every thread, and the bodies that may be held', () => {
    const heap = Number(/--max-old-space-size=(\d+)/.exec(textOfOnly(stage, 'CMD'))?.[1]);
    const threads = Object.values(threadMemory).reduce((sum, each) => sum + each, 0);
    const bodies = loadApiConfig(settings).bodiesLimit / mebibyte;
    const limit = Number(/^(\d+)Gi$/.exec(container.resources.limits['memory'] ?? '')?.[1]) * 1024;
    expect(heap + threads + bodies + beside).toBeLessThanOrEqual(limit);
  });
});
