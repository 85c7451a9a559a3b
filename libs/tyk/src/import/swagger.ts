import { upgradeFromTwoToThree } from '@scalar/openapi-upgrader/2.0-to-3.0';
import { isJsonObject, parseJson, type JsonObject } from '../json/json-text';
import { objectAt } from '../json/read';
import type { Problem } from '../schema/check';

/** The version of OpenAPI that converted documents have: all nodes that know OAS APIs can read it. */
const OPENAPI_VERSION = '3.0.3';

type Conversion =
  | { readonly ok: true; readonly document: JsonObject; readonly notes: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Whether a document says that it is of Swagger 2.0, the version before OpenAPI 3. */
export function isSwagger(document: JsonObject): boolean {
  return document['swagger'] === '2.0';
}

/** A document of Swagger 2.0 as one of OpenAPI 3.0. What comes of it still has to be checked, as everything that is imported. */
export function fromSwagger(document: JsonObject): Conversion {
  const paths = document['paths'];
  if (!isJsonObject(paths))
    return { ok: false, problems: [{ path: 'paths', message: 'is required and must be an object' }] };
  try {
    // The converter works on what it is given, which is the caller's.
    const converted = parseJson(JSON.stringify(upgradeFromTwoToThree(structuredClone(document))));
    const notes = [{ path: 'swagger', message: `was converted from Swagger 2.0 to OpenAPI ${OPENAPI_VERSION}` }];
    return { ok: true, document: { ...objectAt(converted), openapi: OPENAPI_VERSION }, notes };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // It takes the document's structure for granted, and there is no schema of Swagger 2.0 here to say where it is broken.
    const message = 'is not a sound document of Swagger 2.0, and could not be converted to OpenAPI 3.0';
    return { ok: false, problems: [{ path: 'swagger', message }] };
  }
}
