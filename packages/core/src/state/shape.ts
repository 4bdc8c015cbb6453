import { invariant } from '../sdk/errors.js';
import type { StateFieldKind } from '../sdk/state-field.js';
import { xxh32OfText } from './xxh32.js';

/**
 * What the stored records of a function type look like at one version of its class: the key to reading them back.
 *
 * Records name their shape by a number that derives from it, so that workers which meet a new shape at the same time agree on
 * it. All shapes travel in every manifest; they are only ever added, so a record stays readable however often its class changes.
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

/** All shapes an application has ever stored. */
export class ShapeTable {
  readonly #shapes: Shape[] = [];
  readonly #byType = new Map<string, Map<number, Shape>>();
  /** By identity, for shapes that have been looked up: this is asked for every record that is stored. */
  readonly #known = new WeakMap<Shape, number>();

  constructor(shapes: readonly Shape[] = []) {
    this.add(shapes);
  }

  get shapes(): readonly Shape[] {
    return this.#shapes;
  }

  /** Adds what others have stored. */
  add(shapes: readonly Shape[]): void {
    for (const shape of shapes) this.numberOf(shape);
  }

  /** The shape of a type that has this number. */
  find(type: string, number: number): Shape | undefined {
    return this.#byType.get(type)?.get(number);
  }

  /** The number of a shape, which is added if it is new. */
  numberOf(shape: Shape): number {
    const known = this.#known.get(shape);
    if (known !== undefined) return known;
    const text = textOf(shape);
    const number = xxh32OfText(text);
    let ofType = this.#byType.get(shape.type);
    if (ofType === undefined) {
      ofType = new Map();
      this.#byType.set(shape.type, ofType);
    }
    const other = ofType.get(number);
    if (other === undefined) {
      ofType.set(number, shape);
      this.#shapes.push(shape);
    } else {
      // One in four thousand million, for each pair of versions that a class ever had.
      invariant(
        textOf(other) === text,
        `two shapes of ${shape.type} have one number; rename one of its persisted fields`,
      );
    }
    this.#known.set(shape, number);
    return number;
  }
}

function textOf({ type, fields }: Shape): string {
  return JSON.stringify([type, fields.map(({ name, kind, version, ttl }) => [name, kind, version, ttl])]);
}
