const parts = /^(mongodb(?:\+srv)?:\/\/)([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;

/** Whether an address of MongoDB leaves the database to the driver, which would take `test`. */
export const withoutDatabase = (uri: string): boolean => {
  const found = parts.exec(uri);
  return found !== null && (found[3] ?? '') === '';
};

/**
 * The address with the database `castellan`, when it names none. A user is looked for in the database that an address
 * names, and in `admin` when it names none; that stays as it was.
 */
export const withDatabase = (uri: string): string => {
  const found = parts.exec(uri);
  if (found === null || !withoutDatabase(uri)) return uri;
  const [, scheme = '', hosts = '', , query = ''] = found;
  const names = query.split('&').map((option) => option.split('=')[0]?.toLowerCase());
  // With `mongodb+srv:` the DNS record says where users are, and other mechanisms have places of their own.
  const asksAdmin = scheme === 'mongodb://' && hosts.includes('@') && !names.some((name) => /^auth/.test(name ?? ''));
  const options = [query, asksAdmin ? 'authSource=admin' : ''].filter((part) => part !== '').join('&');
  return `${scheme}${hosts}/castellan${options === '' ? '' : `?${options}`}`;
};
