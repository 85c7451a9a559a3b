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

/** Makes a kind known, and its model where its resources are rows. */
const introduced = <Row extends ResourceRow>(kind: KindDefinition<Row>): readonly ReturnType<typeof modelOf>[] => {
  registerKind(kind);
  return kind.elsewhere === true ? [] : [modelOf(kind)];
};

/** The kinds of this installation, with their models. Lists and documents have them in this order; a new one is a line here. */
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
