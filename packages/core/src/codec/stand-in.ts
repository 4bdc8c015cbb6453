/**
 * Stands in for a `@Serializable` class of another program: its instances have the fields that were stored, none of the methods,
 * and a string tag that is the class's stored name, so that `console.log` shows `Object [ride/point] { x: 1, y: 2 }`.
 */
export function standIn(name: string, base: object): { readonly prototype: object } {
  return { prototype: Object.create(base, { [Symbol.toStringTag]: { value: name } }) as object };
}
