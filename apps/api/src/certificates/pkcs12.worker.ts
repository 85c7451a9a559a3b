import { readPkcs12, type Pkcs12Outcome } from '@castellan/tyk';

export interface Pkcs12Task {
  /** In base64. */
  readonly file: string;
  readonly password: string;
}

/** Runs in a thread of its own: such files are made so that opening one takes time. */
const read = ({ file, password }: Pkcs12Task): Pkcs12Outcome => readPkcs12(Buffer.from(file, 'base64'), password);

export default read;
