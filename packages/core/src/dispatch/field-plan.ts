import { type FieldAccess, fieldAccess } from '../codec/specialized.js';
import { durationMs } from '../sdk/duration.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import { PersistedList } from '../sdk/persisted-list.js';
import { PersistedMap } from '../sdk/persisted-map.js';
import { PersistedValue } from '../sdk/persisted-value.js';
import type { StateFieldKind, StateFieldSpec, TtlOptions } from '../sdk/state-field.js';
import { toStored } from '../state/record.js';
import type { Shape } from '../state/shape.js';

/** One persisted field, with everything about it decided. */
export interface PlannedField {
  readonly property: string;
  readonly name: string;
  readonly kind: StateFieldKind;
  readonly version: number;
  /** Infinite without a time to live. */
  readonly ttlMs: number;
  readonly ttlOnRead: boolean;
  readonly spec: StateFieldSpec;
}

/** The persisted fields of a function class, as its first instance shows them. */
export interface FieldPlan {
  readonly fields: readonly PlannedField[];
  /** The properties of all. */
  readonly access: FieldAccess;
  readonly shape: Shape;
  /** Neither collections nor times to live nor schemas: state is what the fields hold. */
  readonly isSimple: boolean;
  /** Whether some plain field or value has a time to live: when it has passed, memory changes though nothing is committed. */
  readonly hasExpiringValues: boolean;
}

/**
 * Plans the fields of a function.
 *
 * @throws SF_INVALID_STATE_FIELD when a field cannot be persisted as it is declared.
 */
export function planFields(definition: FunctionDefinition, instance: object): FieldPlan {
  const fields = definition.fields.map((spec) => planField(definition.type.name, spec, instance));
  const shape: Shape = {
    type: definition.type.name,
    fields: fields.map(({ name, kind, version, ttlMs }) => ({ name, kind, version, ttl: Number.isFinite(ttlMs) })),
  };
  const isSimple = fields.every((field) => {
    return field.kind === 'plain' && !Number.isFinite(field.ttlMs) && field.spec.options.schema === undefined;
  });
  const hasExpiringValues = fields.some(
    ({ kind, ttlMs }) => (kind === 'plain' || kind === 'value') && Number.isFinite(ttlMs),
  );
  return { fields, access: fieldAccess(fields.map(({ property }) => property)), shape, isSimple, hasExpiringValues };
}

function planField(typeName: string, spec: StateFieldSpec, instance: object): PlannedField {
  const initial: unknown = (instance as Record<string, unknown>)[spec.property];
  const kind = kindOf(initial);
  const own: TtlOptions = isHandle(initial) ? initial.options : {};
  if (kind === 'plain') {
    try {
      toStored(initial);
    } catch (cause) {
      throw invalid(typeName, spec, `starts with a value that cannot be stored: ${(cause as Error).message}`, cause);
    }
  } else if (spec.options.ttl !== undefined) {
    throw invalid(typeName, spec, 'takes its ttl in the call of of({ ttl }), not in @Persisted');
  }
  if (
    (kind === 'map' || kind === 'list') &&
    (spec.options.migrate !== undefined || spec.options.schema !== undefined)
  ) {
    throw invalid(typeName, spec, 'is a collection; migrate and schema work on plain fields and PersistedValue');
  }
  const ttl = kind === 'plain' ? spec.options.ttl : own.ttl;
  return {
    property: spec.property,
    name: spec.name,
    kind,
    version: spec.options.version ?? 1,
    ttlMs: ttl === undefined ? Number.POSITIVE_INFINITY : durationMs(ttl),
    ttlOnRead: own.ttlAfter === 'read-or-write',
    spec,
  };
}

function kindOf(initial: unknown): StateFieldKind {
  if (initial instanceof PersistedValue) return 'value';
  if (initial instanceof PersistedMap) return 'map';
  if (initial instanceof PersistedList) return 'list';
  return 'plain';
}

function isHandle(initial: unknown): initial is { options: TtlOptions } {
  return initial instanceof PersistedValue || initial instanceof PersistedMap || initial instanceof PersistedList;
}

function invalid(typeName: string, spec: StateFieldSpec, why: string, cause?: unknown): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_INVALID_STATE_FIELD',
    `the persisted field ${spec.property} of ${typeName} ${why}.`,
    { cause },
  );
}
