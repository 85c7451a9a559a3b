/**
 * Injection token of what takes credentials out of a text before it is kept where others read it. Without one, texts are
 * kept as they are.
 */
export const KEPT_TEXT = Symbol('KEPT_TEXT');

export type KeptText = (text: string) => string;

export const keptAsItIs: KeptText = (text) => text;
