export type NodeCall = 'register' | 'ping' | 'deregister' | 'policies' | 'apis';
export type FetchedResource = Extract<NodeCall, 'policies' | 'apis'>;

/** Everything a simulated node can be seen doing. */
export type NodeEventDetail =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'registered'; readonly nodeId: string }
  /** 409 on a generation that takes it for "already registered": no node id, no nonce. */
  | { readonly type: 'registration-trusted' }
  | { readonly type: 'registration-failed'; readonly reason: string }
  | { readonly type: 'pinged' }
  | { readonly type: 'ping-failed'; readonly reason: string }
  | { readonly type: 'deregistered' }
  | { readonly type: 'deregistration-failed'; readonly reason: string }
  | { readonly type: 'logging-in-again'; readonly reason: string }
  /** Any 403 to a call that carried a nonce. */
  | { readonly type: 'nonce-failed'; readonly call: NodeCall; readonly body: string }
  /** A 200 whose body the node cannot decode: the new nonce in it is lost. */
  | { readonly type: 'undecodable'; readonly call: NodeCall; readonly reason: string }
  | { readonly type: 'fetch-started'; readonly resource: FetchedResource }
  | { readonly type: 'fetch-finished'; readonly resource: FetchedResource; readonly status: number }
  | { readonly type: 'fetch-failed'; readonly resource: FetchedResource; readonly reason: string }
  | { readonly type: 'reload-queued'; readonly reason: string }
  | { readonly type: 'reload-started'; readonly reasons: readonly string[] }
  | {
      readonly type: 'reload-finished';
      readonly reasons: readonly string[];
      readonly apis: number;
      readonly policies: number;
    }
  | { readonly type: 'reload-failed'; readonly reasons: readonly string[]; readonly reason: string }
  | { readonly type: 'reload-stuck'; readonly reason: string }
  | { readonly type: 'subscribed' }
  | { readonly type: 'subscription-failed'; readonly reason: string }
  | { readonly type: 'signal-accepted'; readonly command: string }
  | { readonly type: 'signal-rejected'; readonly reason: string; readonly message: string }
  | { readonly type: 'stopped' }
  | { readonly type: 'killed' };

export type NodeEventType = NodeEventDetail['type'];

/** `at` is milliseconds since the epoch. */
export type NodeEvent = NodeEventDetail & { readonly at: number };

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** One line of English for an event, as the command line prints it. */
export const describeEvent = (event: NodeEventDetail): string => {
  switch (event.type) {
    case 'listening':
      return `listens on ${event.url}`;
    case 'registered':
      return `registered as ${event.nodeId === '' ? '(empty node id)' : event.nodeId}`;
    case 'registration-trusted':
      return 'was told 409 on registering and goes on without a node id';
    case 'registration-failed':
      return `could not register: ${shorten(event.reason)}`;
    case 'pinged':
      return 'pinged';
    case 'ping-failed':
      return `ping failed: ${shorten(event.reason)}`;
    case 'deregistered':
      return 'deregistered';
    case 'deregistration-failed':
      return `could not deregister: ${shorten(event.reason)}`;
    case 'logging-in-again':
      return `logs in again: ${shorten(event.reason)}`;
    case 'nonce-failed':
      return `was refused (403) on ${event.call}: ${shorten(event.body)}`;
    case 'undecodable':
      return `cannot decode the reply to ${event.call}, its nonce is lost: ${shorten(event.reason)}`;
    case 'fetch-started':
      return `asks for ${event.resource}`;
    case 'fetch-finished':
      return `got ${event.resource} (${event.status})`;
    case 'fetch-failed':
      return `could not fetch ${event.resource}: ${shorten(event.reason)}`;
    case 'reload-queued':
      return `queued a reload: ${event.reason}`;
    case 'reload-started':
      return `reloads: ${event.reasons.join(', ')}`;
    case 'reload-finished':
      return `loaded ${counted(event.apis, 'API', 'APIs')} and ${counted(event.policies, 'policy', 'policies')}`;
    case 'reload-failed':
      return `reload failed, keeps what it has: ${shorten(event.reason)}`;
    case 'reload-stuck':
      return `will never reload again: ${event.reason}`;
    case 'subscribed':
      return 'listens for signals';
    case 'subscription-failed':
      return `cannot listen for signals: ${shorten(event.reason)}`;
    case 'signal-accepted':
      return `got the signal ${event.command}`;
    case 'signal-rejected':
      return `rejected a signal: ${event.reason}`;
    case 'stopped':
    case 'killed':
      return event.type;
  }
};
