import { Copier } from '../codec/copier.js';
import { isPrimitive } from '../codec/data-model.js';
import type { AnyAddress } from '../sdk/address.js';
import { durationMs } from '../sdk/duration.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import type { AnyFunctionType } from '../sdk/function-type.js';
import type { PersistedList } from '../sdk/persisted-list.js';
import type { MapKey, PersistedMap } from '../sdk/persisted-map.js';
import { PersistedValue, unset } from '../sdk/persisted-value.js';
import { validate } from '../sdk/schema.js';
import { decodeRecord, fromStored, type Stored, type StoredField, sameStored, toStored } from '../state/record.js';
import type { ShapeTable } from '../state/shape.js';
import type { Activation } from './activation.js';
import type { MessageId } from './envelope.js';
import { type FieldPlan, type PlannedField, planFields } from './field-plan.js';
import { FunctionFigures } from './function-figures.js';
import { ListCell, ListView } from './list-cell.js';
import { type CellInvocation, type CellStorage, MapCell, MapView } from './map-cell.js';

type Instance = Record<string, unknown>;
type Handler = (ctx: unknown, message: unknown) => unknown;

/** A field that the present invocation did not change. */
const unchanged: unique symbol = Symbol('unchanged');

/**
 * Runs the instances of one function type: makes them, loads and compares their fields, calls their handlers.
 *
 * The committed state of an activation and the fields of its instance are two things: handlers work on the fields; `stage`
 * finds what differs and can fail; `apply` makes it the committed state and cannot.
 *
 * **Details** Where the plan is simple, the values are primitive and handlers are synchronous, a copy of the committed state
 * would hold what the fields hold, and double what an address takes of memory and of the processor's cache. Then there is none
 * (`Activation.committed` is `undefined`): the fields are the committed state, and while a handler runs, `#found` is, which is
 * what the handler found. A handler that fails, or turns out to be asynchronous, has it made the activation's own (`hold`).
 */
export class FunctionHost {
  readonly name: string;
  readonly activations = new Map<string, Activation>();
  readonly figures = new FunctionFigures();
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Whether the plan is simple; known as soon as there is an activation with its state in place. */
  isSimple = false;
  readonly #copier = new Copier();
  readonly #operationCopiers = new Map<string, Copier>();
  #plan: FieldPlan | undefined;
  #targetType: AnyFunctionType | undefined;
  #target: FunctionHost | undefined;
  /** Whether the fields of instances may be the committed state. */
  #keepsFields = true;
  /** What the handler that runs found in the fields, or the last that ran, where these are the committed state. */
  readonly #found: Stored[] = [];
  readonly #values: Stored[] = [];
  /** The new committed value of each field of the invocation that is being committed, or `unchanged`. */
  readonly #staged: Stored[] = [];

  constructor(readonly definition: FunctionDefinition) {
    const { timeout = 60_000, retry = {} } = definition.options;
    this.name = definition.type.name;
    this.timeoutMs = durationMs(timeout);
    this.maxAttempts = retry.maxAttempts ?? 5;
    this.backoffMs = durationMs(retry.backoff?.initial ?? 100);
    this.maxBackoffMs = durationMs(retry.backoff?.max ?? 10_000);
    for (const operation of Object.keys(definition.operations ?? {}))
      this.#operationCopiers.set(operation, new Copier());
  }

  get plan(): FieldPlan {
    return this.#plan ?? this.#planAs(this.definition.create());
  }

  #planAs(instance: object): FieldPlan {
    const plan = planFields(this.definition, instance);
    this.#plan = plan;
    this.isSimple = plan.isSimple;
    return plan;
  }

  /** The host behind an address that this function sends to. Most send to one type, again and again: it is remembered. */
  targetOf(to: AnyAddress, services: { hostAt(to: AnyAddress): FunctionHost }): FunctionHost {
    if (to.type === this.#targetType) return this.#target as FunctionHost;
    this.#target = services.hostAt(to);
    this.#targetType = to.type;
    return this.#target;
  }

  /** What copies the messages of an operation; `undefined` for `invoke`. */
  copierOf(operation: string | undefined): Copier {
    if (operation === undefined) return this.#copier;
    return this.#operationCopiers.get(operation) ?? this.#copier;
  }

  /** Calls the handler; what it returns may be a promise. @throws whatever it throws; SF_UNKNOWN_OPERATION */
  call(instance: object, operation: string | undefined, ctx: unknown, message: unknown): unknown {
    if (operation === undefined) return (instance as { invoke: Handler }).invoke(ctx, message);
    const { operations } = this.definition;
    if (operations === undefined || !Object.hasOwn(operations, operation)) {
      throw new StatefulFunctionsError(
        'SF_UNKNOWN_OPERATION',
        `${this.name} has no operation ${JSON.stringify(operation)}. Send one its contract declares.`,
      );
    }
    return (instance as Record<string, Handler>)[operation]?.(ctx, message);
  }

  /** The kind of an operation; `send` for `invoke`. */
  kindOf(operation: string | undefined): 'send' | 'ask' | 'query' {
    if (operation === undefined || this.definition.operations === undefined) return 'send';
    return Object.hasOwn(this.definition.operations, operation)
      ? (this.definition.operations[operation]?.kind ?? 'send')
      : 'send';
  }

  /** Puts the committed state of a new activation in place: that of `record`, or the initial one. */
  restore(
    activation: Activation,
    record: Uint8Array | undefined,
    shapes: ShapeTable,
    storageOf: (field: PlannedField) => CellStorage,
  ): void {
    const stored = record === undefined ? undefined : this.#readRecord(activation, record, shapes);
    const fresh = this.definition.create();
    const { fields, isSimple } = this.#plan ?? this.#planAs(fresh);
    activation.exists = record !== undefined;
    activation.loaded = true;
    activation.committed = undefined;
    if (isSimple && record === undefined && this.#mayKeepFields(fresh)) {
      activation.instance = fresh;
      return;
    }
    const committed: Stored[] = new Array(fields.length);
    activation.committed = committed;
    if (!isSimple) {
      activation.stamps = new Array(fields.length).fill(0);
      activation.cells = new Array(fields.length);
    }
    for (let index = 0; index < fields.length; index += 1) {
      const field = fields[index] as PlannedField;
      const found = stored?.get(field.name);
      if (field.kind === 'map') {
        (activation.cells as unknown[])[index] = new MapCell(
          storageOf(field),
          field.ttlMs,
          field.ttlOnRead,
          found?.generation,
        );
      } else if (field.kind === 'list') {
        const { generation, length = 0, stampMs = 0 } = found ?? {};
        (activation.cells as unknown[])[index] = new ListCell(storageOf(field), field.ttlMs, field.ttlOnRead, {
          generation,
          length,
          stampMs,
        });
      } else {
        committed[index] = found === undefined ? this.#initial(fresh, field) : found.value;
        if (activation.stamps !== undefined) activation.stamps[index] = found?.stampMs ?? 0;
      }
    }
    if (record === undefined) this.#attach(activation, fresh);
  }

  /** The instance that is to handle the next message; `hold` and `undo` know from now on what it finds. */
  prepare(activation: Activation): object {
    const instance = activation.instance ?? this.#makeInstance(activation);
    if (activation.committed === undefined) this.#readFields(instance, this.#found);
    return instance;
  }

  /** Makes what the handler found, which is the committed state, the activation's own. */
  hold(activation: Activation): void {
    activation.committed ??= this.#found.slice();
  }

  /** After a handler that failed. The instance may hold anything: the next one is made from the committed state. */
  undo(activation: Activation): void {
    this.hold(activation);
    activation.instance = undefined;
    activation.views = undefined;
  }

  /** The committed state of an activation whose handler has run and has not been committed; for simple plans. */
  found(activation: Activation): readonly Stored[] {
    return activation.committed ?? this.#found;
  }

  /** The committed state of an activation, by index of the field plan. It is the caller's until the next call. */
  valuesOf({ committed, instance }: Activation): readonly Stored[] {
    return committed ?? this.#readFields(instance as object, this.#values);
  }

  #readFields(instance: object, into: Stored[]): Stored[] {
    (this.#plan as FieldPlan).access.read(instance, into);
    return into;
  }

  /** Whether the fields of an instance, which hold the committed state, can go on as the only ones that do. */
  #mayKeepFields(instance: object): boolean {
    if (!this.#keepsFields || this.figures.isAsync) return false;
    this.#keepsFields = this.#readFields(instance, this.#values).every(isPrimitive);
    return this.#keepsFields;
  }

  #makeInstance(activation: Activation): object {
    const instance = this.definition.create() as Instance;
    const { fields } = this.plan;
    const committed = activation.committed as Stored[];
    for (let index = 0; index < fields.length; index += 1) {
      const field = fields[index] as PlannedField;
      if (field.kind === 'plain') instance[field.property] = fromStored(committed[index]);
      else if (field.kind === 'value') {
        const stored = committed[index];
        (instance[field.property] as PersistedValue<unknown>).load(stored === unset ? unset : fromStored(stored));
      }
    }
    this.#attach(activation, instance);
    return instance;
  }

  /** Puts initial values where a time to live has passed. Only for plans that are not simple. */
  expire(activation: Activation, nowMs: number): void {
    const { fields } = this.plan;
    for (let index = 0; index < fields.length; index += 1) {
      const field = fields[index] as PlannedField;
      const stamp = activation.stamps?.[index] ?? 0;
      if (stamp === 0 || stamp + field.ttlMs > nowMs || field.kind === 'map' || field.kind === 'list') continue;
      (activation.stamps as number[])[index] = 0;
      (activation.committed as Stored[])[index] = this.#initial(this.definition.create(), field);
      activation.instance = undefined;
    }
  }

  /**
   * First half of a commit: finds what the handler changed and encodes it.
   *
   * @param isReadOnly of a query, whose reading prolongs no life.
   * @returns whether anything did.
   * @throws SF_UNSUPPORTED_VALUE, SF_SCHEMA; and then nothing has happened.
   */
  stage(activation: Activation, isReadOnly: boolean): boolean {
    if (activation.committed === undefined) return this.#stageFields(activation);
    if (this.isSimple) return this.#stageSimple(activation, activation.committed);
    const { fields } = this.#plan as FieldPlan;
    const instance = activation.instance as Instance;
    const { committed } = activation;
    const staged = this.#staged;
    let changed = false;
    for (let index = 0; index < fields.length; index += 1) {
      const field = fields[index] as PlannedField;
      if (field.kind === 'plain') {
        const value = instance[field.property];
        staged[index] = unchanged;
        if (Object.is(value, committed[index])) continue;
        const stored = toStored(value);
        if (stored instanceof Uint8Array && sameStored(stored, committed[index])) continue;
        if (field.spec.options.schema !== undefined)
          validate(field.spec.options.schema, value, `state ${field.name} of ${this.name}`);
        staged[index] = stored;
        changed = true;
      } else if (this.#stageHandle(activation, instance, index, field, isReadOnly)) changed = true;
    }
    return changed;
  }

  /** As `stage`, where the fields are the committed state: then there is nothing to be encoded. */
  #stageFields(activation: Activation): boolean {
    const isUnchanged = (this.#plan as FieldPlan).access.isUnchanged(activation.instance as object, this.#found);
    if (isUnchanged !== undefined) return !isUnchanged;
    this.#keepsFields = false;
    activation.committed = this.#found.slice();
    return this.#stageSimple(activation, activation.committed);
  }

  /** As `stage`, where every field is a plain one. */
  #stageSimple(activation: Activation, committed: readonly Stored[]): boolean {
    const values = this.#readFields(activation.instance as object, this.#values);
    const staged = this.#staged;
    let changed = false;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      // The record is stored anew in any case: then comparing two texts costs more than taking the new one.
      if (changed && typeof value === 'string') {
        staged[index] = value;
      } else if (Object.is(value, committed[index])) {
        staged[index] = unchanged;
      } else if (typeof value === 'number' || typeof value === 'string') {
        staged[index] = value;
        changed = true;
      } else {
        const stored = toStored(value);
        const isSame = stored instanceof Uint8Array && sameStored(stored, committed[index]);
        staged[index] = isSame ? unchanged : stored;
        if (!isSame) changed = true;
      }
    }
    return changed;
  }

  /** Second half: makes what was staged the committed state. Cannot fail. */
  apply(activation: Activation, interval: number, invocation: { now(): number }, id: MessageId): void {
    if (!activation.exists) activation.exists = true;
    const { committed } = activation;
    if (committed === undefined) return;
    const staged = this.#staged;
    for (let index = 0; index < committed.length; index += 1) {
      const stored = staged[index];
      if (stored !== unchanged) committed[index] = stored;
    }
    if (!this.isSimple) this.#applyRest(activation, interval, invocation, id);
    else if (this.#mayKeepFields(activation.instance as object)) activation.committed = undefined;
  }

  /** What only types with maps, lists or times to live have. */
  #applyRest(activation: Activation, interval: number, invocation: { now(): number }, id: MessageId): void {
    const { stamps, views } = activation;
    const { fields } = this.#plan as FieldPlan;
    for (let index = 0; index < fields.length; index += 1) {
      const isWritten = this.#staged[index] !== unchanged;
      const { ttlMs } = fields[index] as PlannedField;
      if (isWritten && stamps !== undefined && Number.isFinite(ttlMs)) stamps[index] = invocation.now();
      views?.[index]?.apply(interval, () => generationOf(id, index));
    }
  }

  /** After an invocation that changed nothing: forgets what it read of maps and lists. */
  settle(activation: Activation): void {
    if (activation.views !== undefined) for (const view of activation.views) view?.settle();
  }

  /** Drops all state: what `ctx.forget()` does. */
  forget(activation: Activation, shapes: ShapeTable, storageOf: (field: PlannedField) => CellStorage): void {
    activation.instance = undefined;
    this.restore(activation, undefined, shapes, storageOf);
  }

  /** What the record of an activation holds, in the order of the shape. */
  recordFields(activation: Activation): StoredField[] {
    return this.plan.fields.map((_, index): StoredField => {
      const cell = activation.cells?.[index];
      if (cell instanceof MapCell) return { generation: cell.generation };
      if (cell instanceof ListCell) return { generation: cell.generation, length: cell.length, stampMs: cell.stampMs };
      return { value: activation.committed?.[index], stampMs: activation.stamps?.[index] ?? 0 };
    });
  }

  #attach(activation: Activation, instance: object): void {
    activation.instance = instance;
    if (activation.cells === undefined) return;
    const invocation = () => activation.invocation as CellInvocation;
    activation.views = activation.cells.map((cell, index) => {
      if (cell === undefined) return undefined;
      const handle = (instance as Instance)[(this.plan.fields[index] as PlannedField).property];
      if (cell instanceof MapCell) {
        const view = new MapView(cell, invocation);
        (handle as PersistedMap<MapKey, unknown>).bind(view);
        return view;
      }
      const view = new ListView(cell, invocation);
      (handle as PersistedList<unknown>).bind(view);
      return view;
    });
  }

  #initial(instance: object, field: PlannedField): Stored {
    const value = (instance as Instance)[field.property];
    return toStored(value instanceof PersistedValue ? value.unload() : value);
  }

  #stageHandle(
    activation: Activation,
    instance: Instance,
    index: number,
    field: PlannedField,
    isReadOnly: boolean,
  ): boolean {
    this.#staged[index] = unchanged;
    if (field.kind !== 'value') return activation.views?.[index]?.stage(isReadOnly) ?? false;
    const handle = instance[field.property] as PersistedValue<unknown>;
    const value = handle.unload();
    const stored = toStored(value);
    const prolonged = handle.takeUse() && !isReadOnly && Number.isFinite(field.ttlMs) && value !== unset;
    if (!prolonged && sameStored(stored, activation.committed?.[index])) return false;
    if (field.spec.options.schema !== undefined && value !== unset) {
      validate(field.spec.options.schema, value, `state ${field.name} of ${this.name}`);
    }
    this.#staged[index] = stored;
    return true;
  }

  #readRecord(activation: Activation, record: Uint8Array, shapes: ShapeTable): Map<string, StoredField> {
    const { shape, fields } = decodeRecord(record, this.name, shapes);
    const plan = this.plan;
    const byName = new Map<string, StoredField>();
    for (const [index, stored] of shape.fields.entries()) {
      const field = plan.fields.find(({ name }) => name === stored.name);
      if (field === undefined) {
        if (this.definition.options.retired?.includes(stored.name)) continue;
        throw new StatefulFunctionsError(
          'SF_VANISHED_STATE',
          `${activation.address} has state under the name ${JSON.stringify(stored.name)}, which ${this.name} no longer has. ` +
            `Bring the field back, name it with @Persisted({ name: ${JSON.stringify(stored.name)} }), or give it up with { retired: [${JSON.stringify(stored.name)}] }.`,
        );
      }
      byName.set(field.name, this.#migrate(activation, field, stored, fields[index] as StoredField));
    }
    return byName;
  }

  #migrate(
    activation: Activation,
    field: PlannedField,
    stored: { kind: PlannedField['kind']; version: number },
    value: StoredField,
  ): StoredField {
    const { migrate, schema } = field.spec.options;
    const isCollection = field.kind === 'map' || field.kind === 'list';
    if (stored.kind !== field.kind && (isCollection || stored.kind === 'map' || stored.kind === 'list')) {
      throw migrationError(
        activation,
        field,
        `it was stored as a ${stored.kind} and is now a ${field.kind}. Use another name.`,
      );
    }
    if (isCollection) return value;
    let live = value.value === unset ? undefined : fromStored(value.value);
    let result = value;
    if (stored.version !== field.version) {
      if (stored.version > field.version || migrate === undefined) {
        throw migrationError(
          activation,
          field,
          `it is stored at version ${stored.version}, the class declares ${field.version}. Give it a migrate function.`,
        );
      }
      if (value.value !== unset) {
        try {
          live = migrate(live, stored.version);
        } catch (cause) {
          throw migrationError(activation, field, `migrate threw: ${(cause as Error).message}`, cause);
        }
        result = { ...value, value: toStored(live) };
      }
    }
    if (result.value === unset && field.kind === 'plain') result = { ...result, value: undefined };
    if (schema !== undefined && result.value !== unset)
      validate(schema, live, `state ${field.name} of ${activation.address}`);
    return result;
  }
}

function migrationError(
  activation: Activation,
  field: PlannedField,
  why: string,
  cause?: unknown,
): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_MIGRATION', `the state ${field.name} of ${activation.address}: ${why}`, {
    cause,
  });
}

/** A generation of a map or list is named after the invocation that begins it: unique, and the same after a recovery. */
function generationOf(id: MessageId, field: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(id.idA ^ id.idC, 0);
  bytes.writeInt32BE(((id.idB ^ id.idD) + field) | 0, 4);
  return bytes;
}
