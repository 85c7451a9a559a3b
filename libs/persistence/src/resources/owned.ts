/** Who has rights in a resource; one that has no owners is everybody's whose rights reach it. */
export interface Owned {
  /** 24-hex ids of users. */
  readonly userOwners: readonly string[];
  /** 24-hex ids of user groups. */
  readonly groupOwners: readonly string[];
}

/** A user who may be held to what is theirs, or nobody's. */
export interface Viewer {
  readonly userId: string;
  /** The active groups of the user. */
  readonly groupIds: readonly string[];
}

/** Whether it is the user's, or nobody's; rows of a time before there were owners are nobody's. */
export const isTheirs = (
  { userId, groupIds }: Viewer,
  { userOwners = [], groupOwners = [] }: Partial<Owned>,
): boolean => {
  if (userOwners.length === 0 && groupOwners.length === 0) return true;
  return userOwners.includes(userId) || groupOwners.some((id) => groupIds.includes(id));
};

/** The fields of a kind that has owners. */
export const ownedFields = {
  userOwners: { type: [String], default: [] },
  groupOwners: { type: [String], default: [] },
};
