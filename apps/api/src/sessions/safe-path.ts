const visible = /^\/[\x21-\x7e]*$/;

/**
 * Where to go after a login, as a page asked for it: a path of this very address, or the front page. What a browser might
 * take for another address is not followed: two slashes, backslashes, white space, whatever is not plain ASCII.
 */
export const safePath = (wanted: string | undefined): string => {
  if (wanted === undefined || wanted.length > 2_048 || !visible.test(wanted) || wanted.includes('\\')) return '/';
  const base = 'http://own.invalid';
  if (!URL.canParse(wanted, base)) return '/';
  const { origin, pathname, search, hash } = new URL(wanted, base);
  return origin === base && !/^\/(\/|%2f|%5c)/i.test(pathname) ? `${pathname}${search}${hash}` : '/';
};
