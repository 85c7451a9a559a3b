/** Work that does what a test of threads wants of it. */
export type ObedientTask =
  | { readonly act: 'answer'; readonly with: string }
  /** Says in the first integer that it has begun, and blocks the thread until the test wakes it up by the second one. */
  | { readonly act: 'wait'; readonly until: SharedArrayBuffer }
  | { readonly act: 'fail'; readonly with: string }
  /** Takes memory until there is none left. */
  | { readonly act: 'hoard' };

const run = (task: ObedientTask): string => {
  switch (task.act) {
    case 'answer':
      return task.with;
    case 'wait': {
      const words = new Int32Array(task.until);
      Atomics.store(words, 0, 1);
      Atomics.wait(words, 1, 0);
      return 'woken';
    }
    case 'fail':
      throw new Error(task.with);
    case 'hoard': {
      const hoard: number[][] = [];
      for (;;) hoard.push(new Array<number>(1_000_000).fill(hoard.length + 0.5));
    }
  }
};

export default run;
