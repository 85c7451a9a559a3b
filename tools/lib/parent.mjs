/**
 * npm does not pass SIGTERM on to the script it runs: it ends, its shell ends, and the script goes on alone. So a
 * script that npm started ends when its parent is gone.
 * @param {() => void} callback called once
 */
export function whenParentEnds(callback) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, 500);
  timer.unref();
}
