import { type JsonObject } from '../../json/json-text';
import { entryPath } from '../../schema/path';
import { type Lost } from '../lost';
import { objectAt, textAt } from '../../json/read';
import { byName, defineField, isUnset, objectsOf, sameMeaning, type JsonDraft } from '../../openapi/values';

/** Where a rule looks, and the classic map that holds the rules for that place. */
const PLACES = [
  ['query', 'query_val_matches'],
  ['path', 'path_part_matches'],
  ['header', 'header_matches'],
  ['sessionMetadata', 'session_meta_matches'],
  ['requestContext', 'request_context_matches'],
] as const;

/** The triggers of a URL rewrite: a list of rules in the extension, a map for each place in the classic definition. */
export function urlRewriteToClassic(setting: JsonObject): JsonDraft {
  return { triggers: objectsOf(setting['triggers']).map(triggerToClassic) };
}

function triggerToClassic(trigger: JsonObject): JsonDraft {
  const rules = objectsOf(trigger['rules']);
  const options: JsonDraft = {};
  for (const [place, map] of PLACES) {
    const matches: JsonDraft = {};
    for (const rule of rules.filter((each) => each['in'] === place)) {
      defineField(matches, textAt(rule['name']), matchToClassic(rule));
    }
    options[map] = matches;
  }
  options['payload_matches'] = matchToClassic(rules.findLast((rule) => rule['in'] === 'requestBody') ?? {});
  return { on: textAt(trigger['condition']), options, rewrite_to: textAt(trigger['rewriteTo']) };
}

function matchToClassic(rule: JsonObject): JsonDraft {
  return { match_rx: textAt(rule['pattern']), reverse: rule['negate'] === true };
}

export function urlRewriteToOas(entry: JsonObject, lost: Lost): JsonDraft {
  const triggers = objectsOf(entry['triggers']).flatMap((trigger, index) => {
    const rules = rulesToOas(objectAt(trigger['options']));
    if (rules.length === 0) {
      // In the extension a trigger is nothing without a rule.
      lost(entryPath('triggers', index));
      return [];
    }
    const converted = { condition: textAt(trigger['on']), rules, rewriteTo: textAt(trigger['rewrite_to']) };
    if (!sameMeaning(triggerToClassic(converted), trigger)) {
      lost(entryPath('triggers', index), 'has parts that an OAS API does not have, which are left out');
    }
    return [converted];
  });
  return triggers.length > 0 ? { triggers } : {};
}

function rulesToOas(options: JsonObject): JsonDraft[] {
  const rules = PLACES.flatMap(([place, map]) =>
    Object.entries(objectAt(options[map]))
      .filter(([, match]) => !isUnset(match))
      .sort(([a], [b]) => byName(a, b))
      .map(([name, match]) => ({ in: place, name, ...matchToOas(objectAt(match)) })),
  );
  const payload = objectAt(options['payload_matches']);
  return isUnset(payload) ? rules : [...rules, { in: 'requestBody', ...matchToOas(payload) }];
}

function matchToOas(match: JsonObject): JsonDraft {
  const negate = match['reverse'] === true ? { negate: true } : {};
  return { pattern: textAt(match['match_rx']), ...negate };
}
