import { Injectable } from '@nestjs/common';
import { defaultPrivacy, type Privacy } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import { isObjectIdText, OrganisationStore, toOrganisationId } from '@castellan/persistence';
import { flagAt, listAt, numberAt, objectAt, parseJson, textAt, type JsonValue } from '@castellan/tyk';

/** What an organisation wants of its analytics (`settings.analytics` of the organisation). */
export interface AnalyticsSettings {
  readonly privacy: Privacy;
  /** Null leaves it to the records. */
  readonly retentionDays: number | null;
}

const defaults: AnalyticsSettings = { privacy: defaultPrivacy, retentionDays: null };

/** How long a change of settings may take to be heeded, in milliseconds. */
const rememberedMs = 5_000;

/** Reads the settings of organisations, and remembers them for a moment. */
@Injectable()
export class AnalyticsSettingsReader {
  private readonly known = new Map<string, { readonly until: number; readonly settings: AnalyticsSettings }>();

  constructor(
    private readonly organisations: OrganisationStore,
    private readonly clock: Clock,
  ) {}

  /** By organisation id; records may name one that does not exist. */
  async of(orgIds: ReadonlySet<string>): Promise<ReadonlyMap<string, AnalyticsSettings>> {
    const settings = new Map<string, AnalyticsSettings>();
    for (const orgId of orgIds) settings.set(orgId, await this.settingsOf(orgId));
    return settings;
  }

  private async settingsOf(orgId: string): Promise<AnalyticsSettings> {
    if (!isObjectIdText(orgId)) return defaults;
    const known = this.known.get(orgId);
    if (known !== undefined && known.until > this.clock.millis()) return known.settings;
    const row = await this.organisations.byId(toOrganisationId(orgId));
    const settings = row === null ? defaults : settingsIn(row.document);
    if (this.known.size >= 10_000) this.known.clear();
    this.known.set(orgId, { until: this.clock.millis() + rememberedMs, settings });
    return settings;
  }
}

const textsAt = (value: JsonValue | undefined, name: string): readonly string[] =>
  listAt(value, name).filter((entry) => typeof entry === 'string');

const settingsIn = (document: string): AnalyticsSettings => {
  const analytics = objectAt(parseJson(document), 'settings', 'analytics');
  const leaveOut = objectAt(analytics, 'leave_out');
  const addresses = textAt(analytics, 'addresses');
  const days = numberAt(analytics, 'retention_days');
  return {
    privacy: {
      addresses: addresses === 'truncate' || addresses === 'drop' ? addresses : 'keep',
      dropQuery: flagAt(analytics, 'drop_query'),
      redactHeaders: textsAt(analytics, 'redact_headers'),
      dropMessages: flagAt(analytics, 'drop_messages'),
      leaveOut: {
        apis: textsAt(leaveOut, 'api_ids'),
        keys: textsAt(leaveOut, 'key_hashes'),
        paths: textsAt(leaveOut, 'paths'),
      },
    },
    retentionDays: days > 0 ? days : null,
  };
};
