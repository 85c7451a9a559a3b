import * as fc from 'fast-check';
import { checkPolicy } from '../check/policy/check-policy';
import { isJsonObject, parseJson } from '../json/json-text';
import {
  NODE_REFUSAL,
  nodeApiItem,
  nodeIdFrom,
  nodeListPieces,
  nodeListTail,
  nodeReply,
  nonceFrom,
  PLACEHOLDER_POLICY,
  registrationReply,
} from './node-protocol';

/**
 * The words current gateways look for in a 403 before they register again (docs/tyk/nodes.md#refusals-and-recovery).
 */
const makesGatewaysRecover = (body: string) =>
  body.includes('Nonce failed') || body.includes('nonce') || body.includes('No node ID Found');

describe('node protocol', () => {
  it('answers a registration with the fields every gateway version reads, and nothing else', () => {
    expect(registrationReply('solo-1', 'abc')).toBe('{"Status":"OK","Message":{"NodeID":"solo-1"},"Nonce":"abc"}');
  });

  it('answers a ping with an object message', () => {
    expect(nodeReply({}, 'abc')).toBe('{"Status":"OK","Message":{},"Nonce":"abc"}');
  });

  it('invites a node to register again exactly where that does no harm', () => {
    expect(makesGatewaysRecover(NODE_REFUSAL.nonce)).toBe(true);
    expect(makesGatewaysRecover(NODE_REFUSAL.unknownNode)).toBe(true);
    expect(makesGatewaysRecover(NODE_REFUSAL.fetch)).toBe(false);
  });

  it('has a policy for empty lists that gateways can decode, and that no key can have', () => {
    const policy: unknown = JSON.parse(PLACEHOLDER_POLICY);
    expect(policy).toMatchObject({
      _id: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
      org_id: '',
      is_inactive: true,
      active: false,
      access_rights: {},
    });
    expect(isJsonObject(parseJson(PLACEHOLDER_POLICY)) && checkPolicy(parseJson(PLACEHOLDER_POLICY))).toEqual([]);
  });

  it('joins head and tail of a list to one JSON document', () => {
    fc.assert(
      fc.property(
        fc.array(fc.json()),
        fc.integer({ min: 1, max: 4 }),
        fc.string({ unit: 'binary' }),
        (items, atOnce, nonce) => {
          const body = [...nodeListPieces(items, atOnce), nodeListTail(nonce)].join('');
          expect(JSON.parse(body)).toEqual({
            Status: 'OK',
            Message: items.map((item) => JSON.parse(item) as unknown),
            Nonce: nonce,
          });
        },
      ),
    );
  });

  it('wraps a definition as nodes expect it', () => {
    expect(nodeApiItem('{"api_id":"a"}')).toBe('{"api_definition":{"api_id":"a"},"oas":null}');
    expect(nodeApiItem('{}', '{"openapi":"3.0.3"}')).toBe('{"api_definition":{},"oas":{"openapi":"3.0.3"}}');
  });

  it('makes ids and nonces in the known form', () => {
    expect(nodeIdFrom('027f4735-a818-4f84-72da-082ea1fe7450')).toBe('solo-027f4735-a818-4f84-72da-082ea1fe7450');
    const random = Buffer.from('29fc6e096675456d503e5181ff1c0d07', 'hex');
    const nonce = nonceFrom('027f4735-a818-4f84-72da-082ea1fe7450', random);
    expect(nonce.startsWith('MDI3ZjQ3MzUt')).toBe(true);
    expect(Buffer.from(nonce, 'base64').toString()).toBe(
      '027f4735-a818-4f84-72da-082ea1fe745029fc6e096675456d503e5181ff1c0d07',
    );
  });
});
