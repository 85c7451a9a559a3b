import { WrongValue, type Parameter } from './parameter';

/** Beyond any page that exists, and within what MongoDB can skip. */
const lastPage = 1_000_000_000;

/**
 * The page that `p` asks for: 1 is the first, null means everything. Clients count from 0 (v0.9) or from 1 (later); a
 * negative number asks for everything.
 */
export const page: Parameter<number | null> = {
  description: 'Page, from 1; a negative number gives everything',
  schema: { type: 'integer', format: 'int32', default: 1 },
  required: false,
  read: (text = '') => {
    if (text === '') return 1;
    if (!/^[+-]?\d{1,400}$/.test(text)) throw new WrongValue('must be a whole number');
    const asked = Number(text);
    return asked < 0 ? null : Math.min(Math.max(asked, 1), lastPage);
  },
};
