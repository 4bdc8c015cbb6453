import type { StateFieldKind } from '../sdk/state-field.js';

/**
 * What the stored records of a function type look like at one version of its class: the key to reading them back.
 *
 * Records name their shape by its index in the application's shape table, which travels in every manifest. Shapes are only
 * ever added, so a record stays readable however often the class changes.
 */
export interface Shape {
  readonly type: string;
  readonly fields: readonly ShapeField[];
}

export interface ShapeField {
  readonly name: string;
  readonly kind: StateFieldKind;
  /** As declared by `@Persisted({ version })`. */
  readonly version: number;
  /** Whether a time of writing is stored beside the value. */
  readonly ttl: boolean;
}

/** All shapes an application has ever stored, by index. */
export class ShapeTable {
  readonly #shapes: Shape[];
  readonly #indexes = new Map<string, number>();

  constructor(shapes: readonly Shape[] = []) {
    this.#shapes = [...shapes];
    for (const [index, shape] of this.#shapes.entries()) this.#indexes.set(JSON.stringify(shape), index);
  }

  get shapes(): readonly Shape[] {
    return this.#shapes;
  }

  at(index: number): Shape | undefined {
    return this.#shapes[index];
  }

  /** The index of a shape, added if it is new. */
  indexOf(shape: Shape): number {
    const text = JSON.stringify(shape);
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    this.#indexes.set(text, this.#shapes.length);
    return this.#shapes.push(shape) - 1;
  }
}
