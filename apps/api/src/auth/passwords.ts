import { hash } from '@node-rs/argon2';

/** What of a password is stored: argon2id with the parameters that the library recommends, salt included. */
export const hashPassword = async (password: string): Promise<string> => hash(password);
