/** How long the driver waits for what, in milliseconds. */
const ours = {
  serverSelectionTimeoutMS: 5_000,
  // Also how long a look at the server's health may take. A server that is busy for some seconds is not away; gateways
  // wait 30 seconds for an answer, and the driver's own limits would take 40 to notice.
  connectTimeoutMS: 10_000,
  heartbeatFrequencyMS: 5_000,
} as const;

type Limit = keyof typeof ours;
type Limits = Readonly<Partial<Record<Limit, number>> & { bufferTimeoutMS: number }>;

/**
 * The limits for a connection. What the address itself says of one of them holds, and is left to the driver; Mongoose
 * waits as long as the driver does for a server that it can use.
 */
export const timeLimits = (uri: string): Limits => {
  const [, query = ''] = uri.split('?');
  const said = new Map([...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), Number(value)]));
  const left = Object.entries(ours).filter(([name]) => !said.has(name.toLowerCase()));
  const wait = said.get('serverselectiontimeoutms');
  return {
    ...Object.fromEntries(left),
    bufferTimeoutMS: wait !== undefined && wait > 0 ? wait : ours.serverSelectionTimeoutMS,
  };
};
