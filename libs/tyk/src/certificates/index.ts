export { MOST_BLOCKS, readBundle, UnfitUpload, type Bundle, type CertificateBundle } from './bundle';
export { readCertificate, type Certificate } from './certificate';
export { certificateIndexName, certificateName, certificateText, idOfEntry, indexEntry } from './certificate-text';
export {
  certificateUses,
  withCertificate,
  withoutCertificate,
  type CertificateUsage,
  type CertificateUse,
} from './certificate-uses';
export { decryptKey, keyIsReadable, textWithSecret } from './key-block';
export { type DistinguishedName } from './names';
export { readPkcs12, type Pkcs12Outcome } from './pkcs12';
export { isPem, readPem, writePem, type PemBlock } from './pem';
