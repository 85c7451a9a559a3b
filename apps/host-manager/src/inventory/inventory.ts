import { lookup } from 'node:dns/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HostManagerConfig } from '@castellan/config';

/** One gateway process that this host manager looks after. */
export interface Target {
  /** Control URL, without a slash at its end. */
  readonly url: string;
  readonly host: string;
  /** What the host stands for now; empty when it cannot be resolved. */
  readonly addresses: readonly string[];
}

/**
 * Which gateways there are. A host that stands for several addresses, as a headless Kubernetes service does, is one
 * target for each, asked anew at every rollout.
 */
@Injectable()
export class Inventory {
  constructor(@Inject(CONFIG) private readonly config: HostManagerConfig) {}

  async targets(): Promise<readonly Target[]> {
    const found = await Promise.all(this.config.hostManagerNodes.map(expand));
    return found.flat();
  }
}

const expand = async (controlUrl: string): Promise<readonly Target[]> => {
  const url = new URL(controlUrl);
  const host = url.hostname;
  const addresses = await resolve(host);
  // Behind TLS the certificate bears the name, so the name is what has to be called.
  if (addresses.length <= 1 || url.protocol === 'https:') return [{ url: controlUrl, host, addresses }];
  return addresses.map((address) => ({ url: withHost(url, address), host, addresses: [address] }));
};

const resolve = async (host: string): Promise<readonly string[]> => {
  try {
    const found = await lookup(host.replace(/^\[|\]$/g, ''), { all: true });
    const ipv4 = found.filter(({ family }) => family === 4);
    return [...new Set((ipv4.length > 0 ? ipv4 : found).map(({ address }) => address))].sort();
  } catch {
    return [];
  }
};

const withHost = (url: URL, address: string): string => {
  const copy = new URL(url);
  copy.hostname = address.includes(':') ? `[${address}]` : address;
  return copy.href.replace(/\/+$/, '');
};
