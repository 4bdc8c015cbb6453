import type { PersistedValue } from '../sdk/persisted-value.js';
import { unset } from '../sdk/persisted-value.js';
import { fromStored } from '../state/record.js';
import type { Activation } from './activation.js';
import type { PlannedField } from './field-plan.js';
import { ListCell } from './list-cell.js';
import { MapCell } from './map-cell.js';

/** The committed state of an activation, see `snapshotState`; brings its maps and lists into memory first. */
export async function loadState(activation: Activation, nowMs: number): Promise<Record<string, unknown>> {
  for (const cell of activation.cells ?? []) await cell?.loadAll();
  return snapshotState(activation, nowMs);
}

/**
 * Copies of the persisted fields of an activation, by property, as a handler would find them at this time: maps as `Map`,
 * lists as arrays, persisted values as the value or `undefined`. What a running handler has changed is not in it.
 *
 * Maps and lists must be in memory.
 */
export function snapshotState(activation: Activation, nowMs: number): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const [index, field] of activation.host.plan.fields.entries()) {
    state[field.property] = valueOf(activation, index, field, nowMs);
  }
  return state;
}

function valueOf(activation: Activation, index: number, field: PlannedField, nowMs: number): unknown {
  const cell = activation.cells?.[index];
  if (cell instanceof MapCell) return cell.present(nowMs);
  if (cell instanceof ListCell) return cell.length > 0 && cell.stampMs + cell.ttlMs <= nowMs ? [] : cell.values();
  const stampMs = activation.stamps?.[index] ?? 0;
  if (stampMs !== 0 && stampMs + field.ttlMs <= nowMs) return initialOf(activation, field);
  const stored = activation.host.valuesOf(activation)[index];
  return stored === unset ? undefined : fromStored(stored);
}

function initialOf(activation: Activation, field: PlannedField): unknown {
  const value = (activation.host.definition.create() as Record<string, unknown>)[field.property];
  return field.kind === 'value' ? (value as PersistedValue<unknown>).get() : value;
}
