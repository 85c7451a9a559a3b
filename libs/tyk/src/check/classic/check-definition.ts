import { definitionSchema } from './definition-schema';
import { makeCheck, type Check } from '../../schema/check';

/**
 * Whether gateways of every version can decode a classic API definition, and whether it has what every API needs (a name, a
 * `proxy`). Unknown fields are never a problem. Meaning is the business of `checkDefinitionMeaning`.
 *
 * @returns at most 50 problems; empty when the definition may be stored and served
 */
export const checkDefinition: Check = makeCheck(definitionSchema);
