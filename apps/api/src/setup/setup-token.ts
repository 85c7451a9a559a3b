import { createHmac } from 'node:crypto';

/**
 * What proves at the first run that somebody may read the log, or has started the installation. It follows from the admin
 * secret, so that every replica and `npm start` know the same one; it is good until the installation is set up.
 */
export const setupTokenOf = (adminSecret: string): string =>
  createHmac('sha256', adminSecret).update('castellan setup token').digest('hex').slice(0, 32);
