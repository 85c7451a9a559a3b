import { Injectable } from '@nestjs/common';
import { documentKinds, type DocumentKind, type ResourceRow } from '@castellan/persistence';
import { ResourceService } from './resource.service';
import { ResourceTools } from './resource-tools';

export type AnyResource = ResourceService<ResourceRow>;

const isResource = (service: unknown): service is AnyResource => service instanceof ResourceService;

/** The services of all kinds of resources, each by the name of its kind. */
@Injectable()
export class Resources {
  constructor(private readonly tools: ResourceTools) {}

  /** @throws TypeError for a kind without a service */
  named(kind: string): AnyResource {
    const service = this.tools.services.get(kind);
    if (isResource(service)) return service;
    throw new TypeError(`No service looks after the kind ${kind}`);
  }

  /** Kinds that stand in configuration documents, in the order of their sections. */
  inDocuments(): readonly DocumentKind[] {
    return documentKinds().filter(({ name }) => this.tools.services.has(name));
  }
}
