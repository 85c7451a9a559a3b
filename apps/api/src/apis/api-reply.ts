import { noOrganisation, type ApiRow, type ApiSummary } from '@castellan/persistence';
import { appendFields } from '@castellan/tyk';

const rowFields = ({ createdAt, updatedAt }: ApiSummary) => ({
  created_at: createdAt.toISOString(),
  updated_at: updatedAt.toISOString(),
});

/** The wrapper as clients get it: the stored text, with the row's own facts behind it. */
export const apiReply = (row: ApiRow): string => appendFields(row.document, rowFields(row));

/** What a list shows with `compressed`: the wrapper with those fields of the definition that stand in the row itself. */
export const compressedReply = (row: ApiSummary): string =>
  JSON.stringify({
    api_model: {},
    api_definition: {
      id: row._id.toString(),
      name: row.name,
      slug: row.slug,
      api_id: row.apiId,
      org_id: row.orgId.toString().replace(noOrganisation, ''),
      active: row.active,
      internal: row.apiTypes.includes('internal'),
      is_oas: row.isOas,
      domain: row.domain,
      tags: row.tags,
      proxy: { listen_path: row.listenPath },
    },
    categories: row.categories,
    user_group_owners: row.groupOwners,
    user_owners: row.userOwners,
    ...rowFields(row),
  });
