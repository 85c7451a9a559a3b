import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { compare } from 'bcryptjs';
import { Busy } from '@castellan/dto';

/** More at a time would only wait for each other, and for memory. */
const mostAtOnce = 32;
/** Imported hashes that cost more than this are not computed: at 14 it is about a second. */
const highestBcryptCost = 14;

const bcryptForm = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

let running = 0;

const limited = async <T>(work: () => Promise<T>): Promise<T> => {
  if (running >= mostAtOnce) throw new Busy('Many passwords are being looked at');
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
  }
};

/** What of a password is stored: argon2id with the parameters that the library recommends, salt included. */
export const hashPassword = async (password: string): Promise<string> => limited(() => hash(password));

/**
 * Whether it is the password. Knows the argon2id of this project, and bcrypt of imported users; everything else is no
 * password's hash and fits none.
 *
 * @throws Busy
 */
export const isPassword = async (passwordHash: string, password: string): Promise<boolean> =>
  limited(async () => {
    const [, cost] = bcryptForm.exec(passwordHash) ?? [];
    if (cost !== undefined) {
      // bcrypt ends at the first NUL, and would take whatever follows.
      return Number(cost) <= highestBcryptCost && !password.includes('\0') && (await compare(password, passwordHash));
    }
    if (!passwordHash.startsWith('$argon2id$')) return false;
    try {
      return await verify(passwordHash, password);
    } catch {
      return false;
    }
  });

/** Whether a password that was just proven should be hashed anew: it came from elsewhere, in an older form. */
export const isOldForm = (passwordHash: string): boolean => !passwordHash.startsWith('$argon2id$');

let decoy: Promise<string> | undefined;

/**
 * Takes the time of a comparison, for those whom nobody can log in as: the reply must not come sooner for an address that
 * is not known. The hash is made as real ones are, so that it costs what they cost.
 */
export const comparePointlessly = async (password: string): Promise<void> => {
  decoy ??= hash(randomBytes(32).toString('base64url'));
  const made = await decoy;
  await limited(() => verify(made, password));
};
