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
  /** The same by identity, for shapes that have been looked up: this is asked for every record that is stored. */
  readonly #known = new WeakMap<Shape, number>();

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
    const known = this.#known.get(shape);
    if (known !== undefined) return known;
    const text = JSON.stringify(shape);
    const index = this.#indexes.get(text) ?? this.#shapes.push(shape) - 1;
    this.#indexes.set(text, index);
    this.#known.set(shape, index);
    return index;
  }
}
