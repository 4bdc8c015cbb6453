import { LRUCache } from 'lru-cache';
import { errorData } from '../sdk/errors.js';
import { KeyGroupRanges } from '../state/key-group-ranges.js';
import type { Coordinator } from './coordinator.js';
import type { ClusterStatus, Operation, OperationAnswer, OperationRequest } from './operation.js';
import { sumOfStatus } from './report.js';

/** More than are ever asked for at once. */
const remembered = 1_000;

/**
 * Does what operators ask of a coordinator.
 *
 * Invariant: a request is carried out once, however often it comes; each time, it is answered with what came of it.
 */
export class OperationDesk {
  readonly #endpoint: string;
  readonly #outcomes = new LRUCache<string, Promise<OperationAnswer['outcome']>>({ max: remembered });

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async answer({ id, operation }: OperationRequest, coordinator: Coordinator): Promise<OperationAnswer> {
    let outcome = this.#outcomes.get(id);
    if (outcome === undefined) {
      outcome = this.#carryOut(operation, coordinator);
      this.#outcomes.set(id, outcome);
    }
    return { id, outcome: await outcome };
  }

  async #carryOut(operation: Operation, coordinator: Coordinator): Promise<OperationAnswer['outcome']> {
    try {
      if (operation.kind === 'status') return { ok: true, status: statusOf(coordinator, this.#endpoint) };
      if (operation.kind === 'checkpoint') await coordinator.checkpoint();
      else if (operation.kind === 'savepoint') await coordinator.savepoint(operation.name);
      else coordinator.dismiss();
      return { ok: true, status: undefined };
    } catch (error) {
      return { ok: false, ...errorData(error) };
    }
  }
}

function statusOf(coordinator: Coordinator, endpoint: string): ClusterStatus {
  const { plan, reports, status } = coordinator;
  const shares = new Map(plan?.assignment.workers.map((share) => [share.name, share]));
  return {
    coordinator: endpoint,
    epoch: plan?.epoch ?? 0,
    checkpoint: status,
    workers: reports.map(({ endpoint, state, isLeaving, status }) => {
      const share = shares.get(endpoint);
      const keyGroups = KeyGroupRanges.of(share?.ranges ?? []).size;
      return { endpoint, state, isLeaving, keyGroups, ingresses: share?.ingresses ?? [], ...status };
    }),
    total: sumOfStatus(reports.map(({ status }) => status)),
  };
}
