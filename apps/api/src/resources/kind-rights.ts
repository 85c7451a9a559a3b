import { kindNamed, type AnyKind } from '@castellan/persistence';
import { isSection, type Section } from '@castellan/rbac';

/** A kind that users can be given rights to. */
type SectionedKind = AnyKind & {
  readonly section: Section;
  /** One and several, as the audit log calls what was done with them: `User Group`. */
  readonly spoken: { readonly one: string; readonly several: string };
};

/** A kind with the section of rights that opens its routes. @throws TypeError for a kind that nobody could have a right to */
export const sectionedKind = (name: string): SectionedKind => {
  const kind = kindNamed(name);
  const section = kind.permission ?? '';
  if (!isSection(section)) throw new TypeError(`Nobody could be given a right for the kind ${name}`);
  return { ...kind, section, spoken: { one: spaced(kind.noun), several: spaced(kind.plural) } };
};

const spaced = (noun: string): string => noun.replaceAll(/([a-z])([A-Z])/g, '$1 $2');
