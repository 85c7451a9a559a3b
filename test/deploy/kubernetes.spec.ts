import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { apps, exampleOf, hasCredentials, isSecretName, reads } from './apps';
import { environmentOf, stagesOf, textOfOnly } from './dockerfile';
import { folder, kustomization, manifestOf, manifestsOf } from './kubernetes';
import { root, textOf, version } from './repository';

describe('deploy/kubernetes', () => {
  const manifests = readdirSync(join(root, folder)).filter((file) => file !== 'kustomization.yaml');

  it('applies every manifest, and none that is not there', () => {
    expect([...kustomization.resources].sort()).toEqual(manifests.sort());
  });

  it('contains no secret, only the name of one', () => {
    // A manifest of kind Secret would not parse either; this says it in so many words.
    expect(manifests.filter((file) => /^kind: Secret$/m.test(textOf(`${folder}/${file}`)))).toEqual([]);
    expect(manifests.filter((file) => hasCredentials(textOf(`${folder}/${file}`)))).toEqual([]);
  });

  it('takes from the secret exactly the keys that the command in kustomization.yaml puts there', () => {
    const taken = manifests
      .flatMap(manifestsOf)
      .flatMap((manifest) => (manifest.kind === 'Deployment' ? manifest.spec.template.spec.containers : []))
      .flatMap(({ env }) => env.map(({ valueFrom }) => valueFrom.secretKeyRef));
    const text = textOf(`${folder}/kustomization.yaml`);
    const made = [...text.matchAll(/--from-literal=([\w-]+)=/g)].map(([, key = '']) => key);
    expect([...new Set(taken.map(({ key }) => key))].sort()).toEqual(made.sort());
    for (const { name } of taken) expect(text).toContain(`kubectl create secret generic ${name} `);
  });
});

describe.each(apps)('the deployment of $name', (app) => {
  const file = `${app.name}.yaml`;
  const stage = stagesOf(app.dockerfile).at(-1);
  if (stage === undefined) throw new Error(`${app.dockerfile} has no stage`);
  const image = environmentOf(stage);
  const { spec: deployment } = manifestOf(file, 'Deployment');
  const pod = deployment.template.spec;
  const [container] = pod.containers;
  const configMap = manifestOf(file, 'ConfigMap');
  const budget = manifestOf(file, 'PodDisruptionBudget').spec;

  it('runs the image of this version', () => {
    expect(container.image).toBe(`castellan-${app.name}:${version}`);
  });

  it('is given only settings that it reads, and every one that it needs', () => {
    expect(container.envFrom.map(({ configMapRef }) => configMapRef.name)).toEqual([configMap.metadata.name]);
    const given = [...Object.keys(configMap.data), ...container.env.map(({ name }) => name)];
    expect(given.filter((name) => !reads(app, name))).toEqual([]);
    const fromSecret = Object.fromEntries(container.env.map(({ name }) => [name, exampleOf(name)]));
    expect(() => app.load({ ...image, ...configMap.data, ...fromSecret })).not.toThrow();
  });

  it('starts among service links, which are named like settings, and asks for none', () => {
    const links = Object.fromEntries(
      ['CASTELLAN_API', 'CASTELLAN_HOST_MANAGER'].flatMap((name) => [
        [`${name}_PORT`, 'tcp://10.43.12.7:3000'],
        [`${name}_PORT_3000_TCP`, 'tcp://10.43.12.7:3000'],
        [`${name}_SERVICE_HOST`, '10.43.12.7'],
        [`${name}_SERVICE_PORT`, '3000'],
      ]),
    );
    const fromSecret = Object.fromEntries(container.env.map(({ name }) => [name, exampleOf(name)]));
    expect(() => app.load({ ...image, ...configMap.data, ...fromSecret, ...links })).not.toThrow();
    expect(pod.enableServiceLinks).toBe(false);
  });

  it('is never missing for gateways during a roll-out: one that is refused while it loads may hang', () => {
    if (app.name !== 'api') {
      expect(configMap.data['CASTELLAN_API_URL']).toBe('http://castellan-api:3000');
      return;
    }
    expect(deployment.replicas).toBeGreaterThan(1);
    expect(deployment.strategy.rollingUpdate).toEqual({ maxUnavailable: 0 });
  });

  it('keeps secrets out of the config map', () => {
    expect(Object.keys(configMap.data).filter((name) => isSecretName(name) || name.endsWith('_URI'))).toEqual([]);
  });

  it('is asked for its life and readiness on the port on which it listens', () => {
    expect(container.ports).toEqual([{ name: 'http', containerPort: Number(image[app.portVariable]) }]);
    const { startupProbe, livenessProbe, readinessProbe } = container;
    expect(startupProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
    expect(livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
    expect(readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' });
  });

  it('runs as the user of the image, with nothing it could write or escalate to', () => {
    expect(String(pod.securityContext.runAsUser)).toBe(textOfOnly(stage, 'USER').split(':')[0]);
    expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
    expect(container.securityContext.capabilities.drop).toEqual(['ALL']);
  });

  it('says what it takes of its machine', () => {
    expect(Object.keys(container.resources.requests).sort()).toEqual(['cpu', 'memory']);
    expect(container.resources.limits).toHaveProperty('memory');
  });

  it('has time to finish after the delay in which it is still sent requests', () => {
    const delayMs = Number(configMap.data['CASTELLAN_SHUTDOWN_DELAY_MS'] ?? 0);
    expect(pod.terminationGracePeriodSeconds * 1_000 - delayMs).toBeGreaterThanOrEqual(20_000);
    if (app.name === 'api') expect(delayMs).toBeGreaterThan(0);
  });

  it('is what the service, the disruption budget and its own selector select', () => {
    const { labels } = deployment.template.metadata;
    const { spec: service } = manifestOf(file, 'Service');
    for (const selector of [deployment.selector.matchLabels, service.selector, budget.selector.matchLabels]) {
      expect(labels).toMatchObject(selector);
      expect(selector).toHaveProperty(['app.kubernetes.io/component'], app.name);
    }
    expect(service.ports.map(({ targetPort }) => targetPort)).toEqual(['http']);
    expect(service.ports.map(({ port }) => port)).toEqual(container.ports.map(({ containerPort }) => containerPort));
  });

  it('can lose a machine: the disruption budget lets at least one pod go', () => {
    const spare = budget.maxUnavailable ?? deployment.replicas - (budget.minAvailable ?? 0);
    expect(spare).toBeGreaterThanOrEqual(1);
  });
});
