import { decode, decodeForeign } from '../codec/codec.js';
import type { BlobReader } from '../ports/blob-store.js';
import { unset } from '../sdk/persisted-value.js';
import type { StateFieldKind } from '../sdk/state-field.js';
import { BlockCache } from '../state/block-cache.js';
import type { Entry } from '../state/entry.js';
import { parseKey, startsWith } from '../state/key.js';
import { decodeRecord, type StoredField } from '../state/record.js';
import { SegmentSet } from '../state/segment-set.js';
import { type Shape, ShapeTable } from '../state/shape.js';
import type { AddressPattern } from './address-pattern.js';
import type { CheckpointEntry } from './manifest.js';
import { PartReader } from './part-reader.js';

/** The stored state of one address. */
export interface AddressState {
  /** `namespace/name`. */
  readonly type: string;
  readonly id: string;
  readonly fields: readonly FieldState[];
}

/** One persisted field, as it is stored. */
export interface FieldState {
  /** The stored name: that of the property, unless `@Persisted` gives another. */
  readonly name: string;
  readonly kind: StateFieldKind;
  /** The version that its class declared when it was written. */
  readonly version: number;
  /** A map as `Map`, a list as array; `undefined` for a persisted value that is not set. */
  readonly value: unknown;
  /**
   * When it was last written, in application time, for a field whose life is limited; 0 for never. How long it lives only its
   * class knows. Entries of maps have their end stored with them, and those that have expired are left out.
   */
  readonly writtenMs?: number;
}

/** Bytes of segments in memory while state is read. */
const cacheBytes = 16 * 1024 * 1024;

/**
 * The state of all addresses that match, as a manifest has it, one address at a time in the order of keys.
 *
 * @throws SF_DAMAGED, SF_MISSING_BLOB
 */
export async function* readState(
  store: BlobReader,
  manifest: CheckpointEntry,
  pattern: AddressPattern,
): AsyncGenerator<AddressState, void, undefined> {
  const { segments: refs, settings, applicationTimeMs } = manifest;
  if (pattern.type !== undefined && !refs.some(({ types }) => types.includes(pattern.type as string))) return;
  const segments = new SegmentSet(PartReader.of(store, manifest), new BlockCache(cacheBytes));
  segments.replace(refs);
  const shapes = new ShapeTable(manifest.shapes);
  for (const { from, to } of pattern.ranges(settings.maxParallelism)) {
    let open: OpenAddress | undefined;
    for await (const entry of segments.scan(from, to)) {
      if (entry.expiresAtMs !== undefined && entry.expiresAtMs <= applicationTimeMs) continue;
      if (open?.owns(entry)) {
        open.add(entry);
        continue;
      }
      if (open !== undefined) yield open.finish();
      open = begin(entry, pattern, shapes);
    }
    if (open !== undefined) yield open.finish();
  }
}

/** The address whose record an entry is, if it matches. Entries of maps and lists without a record before them are garbage. */
function begin(entry: Entry, pattern: AddressPattern, shapes: ShapeTable): OpenAddress | undefined {
  const key = parseKey(entry.key);
  if (key.kind !== 'record' || !pattern.matches(key.type, key.id)) return undefined;
  return new OpenAddress(entry, key.type, key.id, shapes);
}

/** An address of which there may be more entries to come. */
class OpenAddress {
  readonly #record: Entry;
  readonly #shape: Shape;
  readonly #fields: readonly StoredField[];
  readonly #values: unknown[];

  constructor(
    record: Entry,
    readonly type: string,
    readonly id: string,
    shapes: ShapeTable,
  ) {
    const { shape, fields } = decodeRecord(record.value as Uint8Array, type, shapes);
    this.#record = record;
    this.#shape = shape;
    this.#fields = fields;
    this.#values = shape.fields.map(({ kind }, index) => {
      if (kind === 'map') return new Map();
      return kind === 'list' ? [] : shown(fields[index]?.value);
    });
  }

  owns(entry: Entry): boolean {
    return startsWith(entry.key, this.#record.key);
  }

  /** Takes an entry of a map or list; one of a generation that its record no longer names is garbage. */
  add({ key, value }: Entry): void {
    const parsed = parseKey(key);
    if (parsed.kind !== 'entry') return;
    const index = this.#shape.fields.findIndex(({ name }) => name === parsed.field);
    const generation = this.#fields[index]?.generation;
    if (generation === undefined || Buffer.compare(generation, parsed.generation) !== 0) return;
    const element = shown(decode(value as Uint8Array));
    const values = this.#values[index];
    if (values instanceof Map) values.set(decodeForeign(parsed.sub), element);
    else (values as unknown[]).push(element); // Keys order as the numbers of elements do.
  }

  finish(): AddressState {
    const fields = this.#shape.fields.map(({ name, kind, version }, index): FieldState => {
      const { stampMs } = this.#fields[index] as StoredField;
      const field = { name, kind, version, value: this.#values[index] };
      return stampMs === undefined ? field : { ...field, writtenMs: stampMs };
    });
    return { type: this.type, id: this.id, fields };
  }
}

/** A committed value without the program that it belongs to. */
function shown(stored: unknown): unknown {
  if (stored === unset) return undefined;
  return stored instanceof Uint8Array ? decodeForeign(stored) : stored;
}
