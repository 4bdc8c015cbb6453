import { parseKey } from './key.js';
import { decodeRecord } from './record.js';
import type { Entry } from './segment-set.js';
import type { ShapeTable } from './shape.js';

/**
 * Tells compaction which entries of maps and lists are dead: those of a generation that the record of their address no longer
 * names. A generation changes only together with its record, so the newest record among the inputs decides for all of them.
 */
export function garbageTest(shapes: ShapeTable): (owner: Entry | undefined, entry: Entry) => boolean {
  let lastOwner: Entry | undefined;
  let generations = new Map<string, Uint8Array | undefined>();
  return (owner, entry) => {
    if (owner === undefined) return false;
    if (owner.value === undefined) return true;
    const key = parseKey(entry.key);
    if (key.kind !== 'entry') return false;
    if (owner !== lastOwner) {
      const { shape, fields } = decodeRecord(owner.value, key.type, shapes);
      generations = new Map(shape.fields.map(({ name }, index) => [name, fields[index]?.generation]));
      lastOwner = owner;
    }
    const generation = generations.get(key.field);
    return generation === undefined || Buffer.compare(generation, key.generation) !== 0;
  };
}
