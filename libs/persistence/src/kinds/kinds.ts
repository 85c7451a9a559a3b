import type { ResourceRow } from '../resources/resource-row';
import { apiKind } from './api.kind';
import { identityProviderKind } from './identity-provider.kind';
import { keyKind } from './key.kind';
import { assetKind } from './asset.kind';
import { certificateKind } from './certificate.kind';
import { modelOf, registerKind, type KindDefinition } from './kind';
import { oauthClientKind } from './oauth-client.kind';
import { organisationKind } from './organisation.kind';
import { policyKind } from './policy.kind';
import { userGroupKind } from './user-group.kind';
import { userKind } from './user.kind';
import { webhookKind } from './webhook.kind';

export * from './api.kind';
export * from './asset.kind';
export * from './certificate.kind';
export * from './identity-provider.kind';
export * from './key.kind';
export * from './oauth-client.kind';
export * from './organisation.kind';
export * from './policy.kind';
export * from './user-group.kind';
export * from './user.kind';
export * from './webhook.kind';

/** Makes a kind known, and its model where its resources are rows. */
const introduced = <Row extends ResourceRow>(kind: KindDefinition<Row>): readonly ReturnType<typeof modelOf>[] => {
  registerKind(kind);
  return kind.elsewhere === true ? [] : [modelOf(kind)];
};

/** The kinds of this installation, with their models. Lists and documents have them in this order; a new one is a line here, and one above. */
export const kindModels = [
  ...introduced(organisationKind),
  ...introduced(userKind),
  ...introduced(userGroupKind),
  ...introduced(apiKind),
  ...introduced(policyKind),
  ...introduced(webhookKind),
  ...introduced(keyKind),
  ...introduced(certificateKind),
  ...introduced(oauthClientKind),
  ...introduced(assetKind),
  ...introduced(identityProviderKind),
];
