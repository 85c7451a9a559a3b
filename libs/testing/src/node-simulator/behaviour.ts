/**
 * What differs between the generations of gateways, as switches. Each was read in the gateway's public source at the
 * version named; docs/tyk/nodes.md describes the same facts from the wire's side.
 */
export interface NodeBehaviour {
  /** `/system/node` is called with GET by 3.x, with DELETE since 4. */
  readonly deregisterMethod: 'GET' | 'DELETE';
  /** Where `x-tyk-session-id` goes: nowhere (3.x), on register/ping/deregister (5.2), on fetches as well (5.3.11 and later). */
  readonly sessionIdOn: 'nothing' | 'registration' | 'everything';
  /**
   * A 409 from `/register/node`: `retry` like any other failure (3.x); `trust` that an earlier registration holds, and
   * go on without a node id (4 to 5.12); `read` the body, which counts when its status is OK (5.13).
   */
  readonly registrationConflict: 'retry' | 'trust' | 'read';
  /** An undecodable registration at start ends the process (up to 5.3), or is logged and left to the next ping. */
  readonly undecodableRegistration: 'exit' | 'carry on';
  /** What `Message` may be in replies to register, ping and deregister: a map of strings (up to 5.12), or anything (5.13). */
  readonly messageTypes: 'strings' | 'any';
  /** Registering ends with a full reload (5.3.11 and later), so a 403 on a ping refetches everything. */
  readonly reloadsAfterRegistration: boolean;
  /** The load that follows a registration or the start is repeated with back-off until it succeeds (5.13). */
  readonly retriesFirstLoad: boolean;
  /** A failed policies fetch aborts the reload; 3.x looks for a 403 only and goes on to the APIs whatever happens. */
  readonly policyErrorsAbortReload: boolean;
  /** An empty policy list leaves the old policies in place (up to 5.3.0), or replaces them. */
  readonly keepsPoliciesOnEmptyList: boolean;
  /** A refused fetch makes the node deregister, wait, register and reload (up to 5.3.0). */
  readonly logsInAgainOnFetchError: boolean;
  /**
   * What a fetch leads to that is answered 403 with words about the nonce or the node id, or whose connection is refused
   * or cut (5.3.12, 5.8.6, 5.10.0 and later): `retry` registers and asks once more, as it is meant. `deadlock` is what
   * these versions were seen to do: the registration ends with a reload of its own, which waits for the reload under way,
   * which waits for the registration. The heartbeat goes on, and the node never reloads again.
   */
  readonly recoversFetch: 'no' | 'retry' | 'deadlock';
  /** `tags_disabled: true` hides an API from a segmented node (since 4). */
  readonly honoursTagsDisabled: boolean;
}

export type NodeProfile = 'v3' | 'v5.2' | 'v5' | 'v5.14';

/** 3.1.3. */
const v3: NodeBehaviour = {
  deregisterMethod: 'GET',
  sessionIdOn: 'nothing',
  registrationConflict: 'retry',
  undecodableRegistration: 'exit',
  messageTypes: 'strings',
  reloadsAfterRegistration: false,
  retriesFirstLoad: false,
  policyErrorsAbortReload: false,
  keepsPoliciesOnEmptyList: true,
  logsInAgainOnFetchError: true,
  recoversFetch: 'no',
  honoursTagsDisabled: false,
};

/** 5.2.5 to the letter: it registers again after a 403 on a ping and refetches nothing. */
const v52: NodeBehaviour = {
  ...v3,
  deregisterMethod: 'DELETE',
  sessionIdOn: 'registration',
  registrationConflict: 'trust',
  policyErrorsAbortReload: true,
  honoursTagsDisabled: true,
};

/** The 5.x line from 5.3.11 on (5.8.5, 5.9.2), with the start-up retry that 5.13 added. */
const v5: NodeBehaviour = {
  ...v52,
  sessionIdOn: 'everything',
  undecodableRegistration: 'carry on',
  reloadsAfterRegistration: true,
  retriesFirstLoad: true,
  keepsPoliciesOnEmptyList: false,
  logsInAgainOnFetchError: false,
};

/** 5.13 and 5.14, with the recovery from a refused fetch that hangs them. */
const v514: NodeBehaviour = {
  ...v5,
  registrationConflict: 'read',
  messageTypes: 'any',
  recoversFetch: 'deadlock',
};

/** The generations the simulator plays; single switches can be changed through `NodeSimulatorOptions.behaviour`. */
export const nodeProfiles: Readonly<Record<NodeProfile, NodeBehaviour>> = { v3, 'v5.2': v52, v5, 'v5.14': v514 };

export const isNodeProfile = (name: string): name is NodeProfile => Object.hasOwn(nodeProfiles, name);
