import type { EgressSink } from '../../src/ports/egress-sink.js';
import type { IngressSource } from '../../src/ports/ingress-source.js';
import type { Logger } from '../../src/ports/logger.js';
import { silentLogger } from '../../src/ports/logger.js';
import type { Context } from '../../src/sdk/context.js';
import { Egress } from '../../src/sdk/egress.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { Binder, StatefulFunctionModule } from '../../src/sdk/module.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';

/** Something to count: for whom, and how much. */
export interface Vote {
  readonly of: string;
  readonly weight: number;
}

export const Tally = FunctionType.of<number>('test/tally');
export const votes = Ingress.of<Vote>('test/votes');
export const totals = Egress.of<string>('test/totals');

/** Adds up what it is sent, and tells each sum. */
@StatefulFunction(Tally)
export class TallyFn implements StatefulFunction<number> {
  @Persisted() sum = 0;

  invoke(ctx: Context, weight: number): void {
    this.sum += weight;
    ctx.send(totals, `${ctx.self.id} ${this.sum}`);
  }
}

export interface TallyConnectors {
  readonly source: IngressSource<Vote>;
  readonly sink: EgressSink<string>;
}

/** Votes in, sums out; `more` binds what else a test needs. */
export function tallyModule(
  { source, sink }: TallyConnectors,
  more?: (binder: Binder) => void,
): StatefulFunctionModule {
  return {
    configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
      binder.bindIngress(votes, source);
      binder.bindEgress(totals, sink);
      binder.bindFunctions(TallyFn);
      binder.bindRouter(votes, ({ of, weight }, downstream) => downstream.forward(Tally.at(of), weight));
      more?.(binder);
    },
  };
}

/** What the sums must be, in the order of the votes. */
export function sumsOf(cast: readonly Vote[]): string[] {
  const sums = new Map<string, number>();
  return cast.map(({ of, weight }) => {
    sums.set(of, (sums.get(of) ?? 0) + weight);
    return `${of} ${sums.get(of)}`;
  });
}

/** A logger that keeps the codes of the errors it is told of. */
export function codesLogged(): { readonly codes: unknown[]; readonly logger: Logger } {
  const codes: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (fields) => {
      codes.push((fields as { err?: { code?: unknown } }).err?.code);
    },
    child: () => logger,
  };
  return { codes, logger };
}
