import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { allKinds, documentKinds, type DocumentKind, type ResourceRow } from '@castellan/persistence';
import { forgottenOf } from './forgotten';
import { ResourceService } from './resource.service';
import { ResourceTools } from './resource-tools';

export type AnyResource = ResourceService<ResourceRow>;

const isResource = (service: unknown): service is AnyResource => service instanceof ResourceService;

/** The services of all kinds of resources, each by the name of its kind. */
@Injectable()
export class Resources implements OnApplicationBootstrap {
  constructor(private readonly tools: ResourceTools) {}

  /** An application that knows a kind by name alone does not start. @throws TypeError that says what is missing of which kind */
  onApplicationBootstrap(): void {
    const forgotten = forgottenOf(allKinds(), {
      isKept: (kind) => this.tools.stores.has(kind),
      hasForm: (kind) => this.tools.services.has(kind) && this.named(kind).form !== null,
    });
    if (forgotten.length > 0) throw new TypeError(forgotten.join('; '));
  }

  /** @throws TypeError for a kind without a service */
  named(kind: string): AnyResource {
    const service = this.tools.services.get(kind);
    if (isResource(service)) return service;
    throw new TypeError(`No service looks after the kind ${kind}`);
  }

  /** Kinds that stand in configuration documents, in the order of their sections. */
  inDocuments(): readonly DocumentKind[] {
    return documentKinds();
  }
}
