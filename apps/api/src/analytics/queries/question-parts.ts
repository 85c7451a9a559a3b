import { unitMs } from '@castellan/analytics';
import type { OwnTime } from './own-sums';
import type { Question } from './question';

/** The part of a question that is about the time from an instant on; null when there is none. */
const from = (question: Question | null, instant: Date): Question | null => {
  if (question === null || question.from >= instant) return question;
  if (question.until <= instant) return null;
  return { ...question, from: instant, edges: question.edges.filter((edge) => edge > instant) };
};

/** The part that is about the time up to an instant. */
const until = (question: Question | null, instant: Date): Question | null => {
  if (question === null || question.until <= instant) return question;
  if (question.from >= instant) return null;
  return { ...question, until: instant, edges: question.edges.filter((edge) => edge < instant) };
};

type Knows = 'own' | 'records' | 'pumped';

/**
 * Who knows the sums of which part of the time. In the hour in which we took over from another program, or it from us, both have
 * stored records, and neither knows all of the sums.
 */
export const partsOf = (
  question: Question,
  { first, last }: OwnTime,
): readonly (readonly [Knows, Question | null])[] => {
  const pieces: [Knows, Question | null][] = [];
  let rest: Question | null = question;
  if (first !== null) {
    const after = new Date(first.getTime() + unitMs.hour);
    pieces.push(['pumped', until(rest, first)], ['records', until(from(rest, first), after)]);
    rest = from(rest, after);
  }
  if (last === null) return [...pieces, ['own', rest]];
  const after = new Date(last.getTime() + unitMs.hour);
  return [
    ...pieces,
    ['own', until(rest, last)],
    ['records', until(from(rest, last), after)],
    ['pumped', from(rest, after)],
  ];
};
