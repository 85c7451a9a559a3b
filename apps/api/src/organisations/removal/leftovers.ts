import { Injectable } from '@nestjs/common';
import { KeyStore, NO_TEXT } from '@castellan/keys';
import { ImportStore, KeyIndex, toOrganisationId, type OrganisationId, type RemovalRow } from '@castellan/persistence';
import { counterNames, readSession, SESSION_PREFIX, sessionFacts } from '@castellan/tyk';
import { AnalyticsCollections } from '../../analytics/storage/collections';
import { KeyKeeper } from '../../keys/key-keeper';
import { OrganisationSessions } from '../../keys/organisation-sessions';
import { ResourceTools } from '../../resources/resource-tools';
import { SessionsService } from '../../sessions/sessions.service';

/**
 * What is left of an organisation after the transaction that deleted it: what is in Redis, and what is too much for one
 * transaction. Clearing it twice does no harm, so that whoever died over it may begin again.
 */
@Injectable()
export class Leftovers {
  constructor(
    private readonly sessions: SessionsService,
    private readonly keys: KeyIndex,
    private readonly keeper: KeyKeeper,
    private readonly store: KeyStore,
    private readonly organisationSessions: OrganisationSessions,
    private readonly tools: ResourceTools,
    private readonly imports: ImportStore,
    private readonly analytics: AnalyticsCollections,
  ) {}

  /** @returns false while a gateway may yet bring a key back: then it has to be looked at again */
  async clear({ _id, userIds }: RemovalRow): Promise<boolean> {
    const organisation = toOrganisationId(_id);
    for (const userId of userIds) await this.sessions.endAllOf(userId);
    await this.clearKeys(organisation);
    await this.organisationSessions.removed(organisation);
    for (const afterwards of this.tools.afterRemoval) await afterwards(organisation);
    await this.store.forget(await this.certificatesOf(organisation));
    await this.imports.forgetAllOf(organisation);
    await this.analytics.forget(organisation);
    return (await this.keys.forgetAll(organisation)) === 0;
  }

  private async clearKeys(organisation: OrganisationId): Promise<void> {
    for (const row of await this.keys.allOf(organisation)) {
      if (row.pending === null) continue;
      await this.keeper.apply(row);
      await this.store.forget([row.hash, ...row.copies].flatMap((hash) => counterNames(hash, row.apiIds)));
    }
    // Keys that gateways have made, and nobody has come upon yet.
    for await (const name of this.walk(SESSION_PREFIX)) await this.clearSession(name, organisation);
  }

  private async clearSession(name: string, organisation: OrganisationId): Promise<void> {
    const text = await this.store.read(name);
    if (text === null || text === NO_TEXT || !text.includes(organisation)) return;
    const session = readSession(text);
    if (session === undefined) return;
    const { organisationId, apiIds } = sessionFacts(session);
    if (organisationId !== organisation) return;
    const hash = name.slice(SESSION_PREFIX.length);
    await this.store.remove(name, text, [hash]);
    await this.store.forget(counterNames(hash, apiIds));
  }

  /** The names of its certificates (docs/tyk/keys.md#names-of-an-organisation). */
  private async certificatesOf(organisation: OrganisationId): Promise<readonly string[]> {
    const certificates = [`cert-${organisation}-index`, `cert-${organisation}-index-migrated`];
    for await (const name of this.walk(`cert-raw-${organisation}`)) certificates.push(name);
    return certificates;
  }

  private async *walk(prefix: string): AsyncGenerator<string> {
    for (const beginning of this.store.beginnings()) {
      let place = beginning;
      do {
        const page = await this.store.scan(place, prefix);
        if (page === null) break;
        yield* page.names;
        place = page.next;
      } while (place.cursor !== '0');
    }
  }
}
