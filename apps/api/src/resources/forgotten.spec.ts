import { allKinds } from '@castellan/persistence';
import { forgottenOf } from './forgotten';

const everything = { isKept: () => true, hasForm: () => true };
const without = (what: keyof typeof everything, name: string) => ({
  ...everything,
  [what]: (kind: string) => kind !== name,
});

describe('what is forgotten of a kind', () => {
  const kinds = allKinds();

  it('is nothing where all have been said', () => {
    expect(forgottenOf(kinds, everything)).toEqual([]);
  });

  it.each(kinds.map(({ name }) => name).filter((name) => name !== 'organisation'))(
    'is named where nobody keeps %s: its resources would outlive their organisation',
    (name) => {
      expect(forgottenOf(kinds, without('isKept', name))).toEqual([
        `Nobody keeps the kind ${name}, to count and to remove it`,
      ]);
    },
  );

  it.each(kinds.filter(({ documents }) => documents !== null).map(({ name }) => name))(
    'is named where no service brings %s into documents: exports would leave it out',
    (name) => {
      expect(forgottenOf(kinds, without('hasForm', name))).toEqual([
        `No service says how the kind ${name} stands in documents`,
      ]);
    },
  );

  it('is named where documents have a section that nobody could have a right to', () => {
    const closed = kinds.map((kind) => (kind.name === 'asset' ? { ...kind, permission: null } : kind));
    expect(forgottenOf(closed, everything)).toEqual(['Nobody can be given a right for the kind asset']);
  });
});
