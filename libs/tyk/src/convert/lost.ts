/**
 * Told of each value of a classic definition that has no counterpart. The path is written as `Problem` has it and relative to what is being converted;
 * without a message the value simply has none.
 */
export type Lost = (path: string, message?: string) => void;

/** The same listener for paths inside `at`. */
export function under(lost: Lost, at: string): Lost {
  return (path, message) => {
    const dot = path === '' || path.startsWith('[') ? '' : '.';
    lost(at + dot + path, message);
  };
}
