/**
 * What a node knows about itself. The nonce is one variable that heartbeat, health probe and fetches read when they
 * send and write when they are answered, without any order between them: that race is the real gateway's.
 */
export interface NodeIdentity {
  nodeId: string;
  nonce: string;
  registered: boolean;
  readonly sessionId: string;
}
