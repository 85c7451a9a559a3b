import { z } from 'zod';
import { documentOf, documentsOf } from './repository';

const labels = z.record(z.string(), z.string());
const metadata = z.looseObject({ name: z.string(), labels });

const probeSchema = z.looseObject({ httpGet: z.strictObject({ path: z.string(), port: z.string() }) });

const containerSchema = z.strictObject({
  name: z.string(),
  image: z.string(),
  envFrom: z.array(z.strictObject({ configMapRef: z.strictObject({ name: z.string() }) })),
  env: z.array(
    z.strictObject({
      name: z.string(),
      valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) }),
    }),
  ),
  ports: z.array(z.strictObject({ name: z.string(), containerPort: z.number() })),
  startupProbe: probeSchema,
  livenessProbe: probeSchema,
  readinessProbe: probeSchema,
  resources: z.strictObject({ requests: labels, limits: labels }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.array(z.string()) }),
  }),
});

const podSchema = z.looseObject({
  enableServiceLinks: z.boolean().default(true),
  terminationGracePeriodSeconds: z.number(),
  securityContext: z.looseObject({ runAsNonRoot: z.literal(true), runAsUser: z.number() }),
  containers: z.tuple([containerSchema]),
});

const manifestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ConfigMap'), apiVersion: z.literal('v1'), metadata, data: labels }),
  z.object({
    kind: z.literal('Deployment'),
    apiVersion: z.literal('apps/v1'),
    metadata,
    spec: z.object({
      replicas: z.number(),
      strategy: z.looseObject({ rollingUpdate: z.object({ maxUnavailable: z.number() }).optional() }),
      selector: z.strictObject({ matchLabels: labels }),
      template: z.object({ metadata: z.object({ labels }), spec: podSchema }),
    }),
  }),
  z.object({
    kind: z.literal('Service'),
    apiVersion: z.literal('v1'),
    metadata,
    spec: z.object({
      selector: labels,
      ports: z.array(z.strictObject({ name: z.string(), port: z.number(), targetPort: z.string() })),
    }),
  }),
  z.object({
    kind: z.literal('PodDisruptionBudget'),
    apiVersion: z.literal('policy/v1'),
    metadata,
    spec: z.strictObject({
      minAvailable: z.number().optional(),
      maxUnavailable: z.number().optional(),
      selector: z.strictObject({ matchLabels: labels }),
    }),
  }),
]);

export type Manifest = z.infer<typeof manifestSchema>;
type Kind = Manifest['kind'];

export const folder = 'deploy/kubernetes';

export const kustomization = documentOf(
  `${folder}/kustomization.yaml`,
  z.object({ kind: z.literal('Kustomization'), resources: z.array(z.string()) }),
);

export const manifestsOf = (file: string): Manifest[] => documentsOf(`${folder}/${file}`, manifestSchema);

/** The manifest of that kind in a file that has exactly one of it. */
export const manifestOf = <K extends Kind>(file: string, kind: K): Extract<Manifest, { kind: K }> => {
  const isOfKind = (manifest: Manifest): manifest is Extract<Manifest, { kind: K }> => manifest.kind === kind;
  const [found, ...others] = manifestsOf(file).filter(isOfKind);
  if (found === undefined || others.length > 0) throw new Error(`${file} does not hold exactly one ${kind}`);
  return found;
};
