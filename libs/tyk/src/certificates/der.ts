import { asn1, util } from 'node-forge';

export type Node = asn1.Asn1;

/** The structure of a DER text; null when it is none, or has something behind it. */
export function readDer(bytes: Buffer): Node | null {
  try {
    return asn1.fromDer(util.createBuffer(bytes.toString('binary')), true);
  } catch {
    return null;
  }
}

/** What a constructed value holds; nothing of another one. */
export const childrenOf = (node: Node | undefined): readonly Node[] =>
  node !== undefined && Array.isArray(node.value) ? node.value : [];

/** The content of a primitive value. */
export const bytesOf = (node: Node | undefined): Buffer =>
  node !== undefined && typeof node.value === 'string' ? Buffer.from(node.value, 'binary') : Buffer.alloc(0);

/** An object identifier as numbers; empty when it is none. */
export function oidOf(node: Node | undefined): readonly number[] {
  if (node?.type !== asn1.Type.OID || typeof node.value !== 'string') return [];
  return asn1.derToOid(util.createBuffer(node.value)).split('.').map(Number);
}

/** Whether it is the element of a choice, by its number. */
export function isContext({ tagClass, type }: Node, number: number): boolean {
  const own: number = type;
  return tagClass === asn1.Class.CONTEXT_SPECIFIC && own === number;
}

/** DER of a structure. */
export const writeDer = (node: Node): Buffer => Buffer.from(asn1.toDer(node).getBytes(), 'binary');

export const { Type } = asn1;
