import { CastellanError, ValidationFailed, type FieldError } from '@castellan/dto';
import type { AssetRow, Draft } from '@castellan/persistence';
import {
  appendFields,
  isJsonObject,
  objectAt,
  ownField,
  textAt,
  type JsonObject,
  type JsonValue,
} from '@castellan/tyk';
import { plainOutline, type DocumentForm } from '../resources/document-form';
import { without } from '../resources/fields';

/** The sorts of assets that there are (docs/tyk/management.md#assets). */
export const assetKinds = ['oas-template'] as const;

/** A list holds every asset whole, so one may not be as large as an API. */
const longestData = 1024 * 1024;
const longestText = 1_000;
/** What stands where an id would in paths. */
export const assetRoutes = ['deleted', 'validate'];

/** In the status and the words that clients know. */
export const unknownKind = (status: 400 | 422, kind: string): CastellanError =>
  new CastellanError(status, 'validation_failed', `unsupported asset kind: '${kind.slice(0, 100)}'.`, {
    errors: [{ path: 'kind', message: `must be ${assetKinds.join(' or ')}` }],
  });

/** Checks the shape of an asset. What its data may be as an API is seen when an API is made of it. @throws ValidationFailed */
export const parseAsset = (body: unknown): JsonObject => {
  // Bodies come out of the JSON parser, so they hold JSON values only.
  const sent = body as JsonValue | undefined;
  if (!isJsonObject(sent)) throw new ValidationFailed([{ path: 'body', message: 'must be a JSON object' }]);
  const problems: FieldError[] = [];
  for (const name of ['id', 'kind', 'name', 'description']) {
    const value = ownField(sent, name) ?? '';
    if (typeof value !== 'string') problems.push({ path: name, message: 'must be text' });
    else if (value.length > longestText)
      problems.push({ path: name, message: `must have at most ${longestText} characters` });
  }
  if (textAt(sent, 'name').trim() === '') problems.push({ path: 'name', message: 'is required' });
  const data = ownField(sent, 'data');
  if (!isJsonObject(data)) problems.push({ path: 'data', message: 'is required and must be an object' });
  else if (Buffer.byteLength(JSON.stringify(data)) > longestData) {
    problems.push({ path: 'data', message: `may take ${longestData} bytes of JSON text` });
  }
  if (problems.length > 0) throw new ValidationFailed(problems);
  const kind = textAt(sent, 'kind');
  if (!assetKinds.some((known) => known === kind)) throw unknownKind(422, kind);
  return sent;
};

/** The row of an asset. A field that is not known here is not kept: clients refuse what they do not know. */
export const assetDraft = (
  _id: AssetRow['_id'],
  organisation: string,
  assetId: string,
  content: JsonObject,
): Draft<AssetRow> => {
  const [kind, name] = [textAt(content, 'kind'), textAt(content, 'name')];
  const asset = {
    _id: _id.toString(),
    id: assetId,
    org_id: organisation,
    kind,
    name,
    description: textAt(content, 'description'),
    data: objectAt(content, 'data'),
  };
  return { _id, assetId, name, assetKind: kind, document: JSON.stringify(asset) };
};

/** An asset as clients get it. */
export const assetReply = ({ document, updatedAt }: AssetRow): string =>
  appendFields(document, { last_updated: updatedAt.toISOString() });

/** Assets in configuration documents. */
export const assetForm: DocumentForm<AssetRow> = {
  idPath: '_id',
  identityOf: (asset) => ({ id: textAt(asset, '_id'), key: textAt(asset, 'id') }),
  withIdentity: (asset, { id, key }, organisation) => ({
    ...asset,
    _id: id,
    ...(key === '' ? {} : { id: key }),
    org_id: organisation,
  }),
  portable: (asset) => without(asset, 'org_id'),
  outlineOf: ({ assetId, name }) => plainOutline(assetId, name),
};
