/** The version of Castellan that this code is; a test holds it against `package.json`. */
export const version = '0.1.0';
