/** Pause between two runs of retention, in milliseconds. */
export const retentionPauseMs = 10 * 60 * 1_000;

const dayMs = 24 * 3_600 * 1_000;

/** That many days of 24 hours before. */
export const daysBefore = (now: Date, days: number): Date => new Date(now.getTime() - days * dayMs);
