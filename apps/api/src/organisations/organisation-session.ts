import { ValidationFailed } from '@castellan/dto';
import type { OrganisationRow } from '@castellan/persistence';
import { isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import { sessionOf } from '../keys/organisation-sessions';
import { problemsOfSession } from '../threads/document-checks';

/** What a session of an organisation cannot say: whose it is, what opens APIs, and what nodes write. */
const notOfAnOrganisation = [
  ...['org_id', 'access_rights', 'apply_policies', 'apply_policy_id', 'key_id', 'api_model', 'last_updated'],
  ...['date_created', 'quota_renews', 'quota_remaining', 'last_check', 'allowance'],
];

/** Fields of a session that limit an organisation as a whole. @throws ValidationFailed */
export const organisationSessionIn = async (sent: object, path = ''): Promise<JsonObject> => {
  // Bodies come out of the JSON parser; classes of them are told apart by nothing that JSON has.
  const session = parseJson(JSON.stringify(sent));
  const content = isJsonObject(session)
    ? Object.fromEntries(Object.entries(session).filter(([name]) => !notOfAnOrganisation.includes(name)))
    : {};
  const problems = await problemsOfSession(content);
  if (problems.length > 0) {
    throw new ValidationFailed(problems.map((problem) => ({ ...problem, path: `${path}${problem.path}` })));
  }
  return content;
};

/** The session after a write of the organisation; where none is sent, it stays as it was. @throws ValidationFailed */
export const organisationSessionAfter = async (
  current: OrganisationRow | null,
  sent: object | null | undefined,
): Promise<{ readonly org_session?: JsonObject }> => {
  if (sent === null) return {};
  const session =
    sent === undefined ? current && sessionOf(current) : await organisationSessionIn(sent, 'org_session.');
  return session === null ? {} : { org_session: session };
};
