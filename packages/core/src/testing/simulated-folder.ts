import type { SeededRandom } from './seeded-random.js';
import { SimulatedFile } from './simulated-file.js';

export type Node = SimulatedFile | SimulatedFolder;

/**
 * A folder's names twice: as programs see them, and as the medium holds them.
 *
 * Invariant: the durable names change by sync and by crash only.
 */
export class SimulatedFolder {
  readonly #visible = new Map<string, Node>();
  #durable = new Map<string, Node>();

  get(name: string): Node | undefined {
    return this.#visible.get(name);
  }

  set(name: string, node: Node): void {
    this.#visible.set(name, node);
  }

  remove(name: string): void {
    this.#visible.delete(name);
  }

  entries(): [string, Node][] {
    return [...this.#visible];
  }

  sync(): void {
    this.#durable = new Map(this.#visible);
  }

  /** Power is lost: each name that was added or removed since the last sync is there, or not. */
  crash(random: SeededRandom): void {
    for (const name of new Set([...this.#durable.keys(), ...this.#visible.keys()])) {
      const visible = this.#visible.get(name);
      if (visible === this.#durable.get(name) || random.chance(1 / 2)) continue;
      if (visible === undefined) this.#durable.delete(name);
      else this.#durable.set(name, visible);
    }
    this.#visible.clear();
    for (const [name, node] of this.#durable) this.#visible.set(name, node);
  }

  /** All files and folders below, each once however many names it has. */
  below(found = new Set<Node>()): Set<Node> {
    for (const node of this.#visible.values()) {
      if (found.has(node)) continue;
      found.add(node);
      if (node instanceof SimulatedFolder) node.below(found);
    }
    return found;
  }
}
