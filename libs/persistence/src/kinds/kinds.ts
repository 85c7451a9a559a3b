import { apiKind } from './api.kind';
import { identityProviderKind } from './identity-provider.kind';
import { keyKind } from './key.kind';
import { assetKind } from './asset.kind';
import { certificateKind } from './certificate.kind';
import { modelOf, registerKind } from './kind';
import { oauthClientKind } from './oauth-client.kind';
import { organisationKind } from './organisation.kind';
import { policyKind } from './policy.kind';
import { userGroupKind } from './user-group.kind';
import { userKind } from './user.kind';
import { webhookKind } from './webhook.kind';

// Lists and documents have kinds in this order.
registerKind(organisationKind);
registerKind(userKind);
registerKind(userGroupKind);
registerKind(apiKind);
registerKind(policyKind);
registerKind(webhookKind);
registerKind(keyKind);
registerKind(certificateKind);
registerKind(oauthClientKind);
registerKind(assetKind);
registerKind(identityProviderKind);

/** The models of all kinds. A new kind is a file of its own and a line in both lists. */
export const kindModels = [
  modelOf(organisationKind),
  modelOf(userKind),
  modelOf(userGroupKind),
  modelOf(apiKind),
  modelOf(policyKind),
  modelOf(webhookKind),
  modelOf(certificateKind),
  modelOf(oauthClientKind),
  modelOf(assetKind),
  modelOf(identityProviderKind),
];
