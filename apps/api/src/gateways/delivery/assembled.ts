import { generationName } from '@castellan/delivery';
import { PLACEHOLDER_POLICY } from '@castellan/tyk';
import { toNodeList, type Generation, type NodeList } from './generation';
import type { OrganisationState } from './node-documents';

/**
 * The generation of all organisations together: the newest one, or one of the past of which the parts were rebuilt.
 *
 * @param parts organisation id to what nodes are to get of it
 * @param previous one of which lists that are the same are taken over
 */
export const assembled = async (
  parts: ReadonlyMap<string, OrganisationState>,
  previous: Generation | null,
): Promise<Generation> => {
  const ordered = [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
  const policies = ordered.flatMap(([, part]) => part.policies);
  const [apis, served] = await Promise.all([
    toNodeList(ordered.flatMap(([, part]) => part.apis)),
    // Gateways up to 5.2 keep their old policies when they get none at all.
    toNodeList(policies.length === 0 ? [PLACEHOLDER_POLICY] : policies),
  ]);
  return {
    name: generationName(new Map(ordered.map(([id, { generation }]) => [id, generation]))),
    apis: keepSame(apis, previous?.apis),
    policies: keepSame(served, previous?.policies),
    organisations: new Set(ordered.flatMap(([id, part]) => (part.apis.length === 0 ? [] : [id]))),
  };
};

/** A list that did not change stays the same object, so that its bytes are held once. */
const keepSame = (list: NodeList, previous: NodeList | undefined): NodeList =>
  previous?.hash === list.hash ? previous : list;
