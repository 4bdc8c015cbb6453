import type { EgressSink } from '../../ports/egress-sink.js';
import type { BoundIngress } from '../../worker/ingress-pump.js';
import type { WorkerBindings } from '../../worker/worker.js';

/** What a worker's modules bind, with others in place of their ingresses and sinks. */
export function replaceEnds(
  { ingresses, egresses, ...rest }: WorkerBindings,
  ingress: (bound: BoundIngress, name: string) => BoundIngress,
  sink: (sink: EgressSink<unknown>, name: string) => EgressSink<unknown>,
): WorkerBindings {
  return {
    ...rest,
    definitionOf: (name) => rest.definitionOf(name),
    ingresses: new Map([...ingresses].map(([name, bound]) => [name, ingress(bound, name)])),
    egresses: new Map([...egresses].map(([name, bound]) => [name, { sink: sink(bound.sink, name) }])),
  };
}
