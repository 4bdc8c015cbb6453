import type { Bindings } from '../application/bindings.js';
import { configureModule, type LoadedModule, loadModule, type ModuleSource } from '../application/module-loader.js';
import { MemorySink } from '../io/memory-sink.js';
import { MemorySource } from '../io/memory-source.js';
import { type DeadLetter, deadLetters } from '../sdk/dead-letter.js';
import type { Egress } from '../sdk/egress.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { Ingress } from '../sdk/ingress.js';
import type { Binder, StatefulFunctionModule } from '../sdk/module.js';

/**
 * Sources and sinks in memory for every ingress, all its partitions together, and egress that modules bind. They outlive the application that uses them, as
 * the outside world does.
 */
export class TestConnectors {
  readonly #sources = new Map<string, MemorySource<unknown>>();
  readonly #sinks = new Map<string, MemorySink<unknown>>();

  /** One module that binds what `sources` bind, with these connectors in place of theirs. */
  async moduleOf(sources: readonly ModuleSource[]): Promise<StatefulFunctionModule> {
    const modules: LoadedModule[] = [];
    for (const source of sources) modules.push(await loadModule(source));
    return {
      configure: (config, binder) => {
        let hasDeadLetters = false;
        const replacing = replaceConnectors(binder, {
          bindIngress: (ingress) => binder.bindIngress(ingress, this.#source(ingress.name)),
          bindPartitions: (ingress) => binder.bindIngress(ingress, this.#source(ingress.name)),
          bindEgress: (egress) => {
            hasDeadLetters ||= egress.name === deadLetters.name;
            binder.bindEgress(egress, this.#sink(egress.name));
          },
        });
        const { services } = binder as Bindings; // What every module is given; the port hides its services.
        for (const module of modules) configureModule(module, config, replacing, services);
        if (!hasDeadLetters) binder.bindEgress(deadLetters, this.#sink(deadLetters.name));
      },
    };
  }

  /** @throws SF_UNBOUND_INGRESS */
  sourceOf<T>(ingress: Ingress<T>): MemorySource<T> {
    const source = this.#sources.get(ingress.name);
    if (source !== undefined) return source as MemorySource<T>;
    throw new StatefulFunctionsError(
      'SF_UNBOUND_INGRESS',
      `no module binds the ingress ${ingress.name}. Bind it with binder.bindIngress().`,
    );
  }

  /** @throws SF_UNBOUND_EGRESS */
  sinkOf<T>(egress: Egress<T>): MemorySink<T> {
    const sink = this.#sinks.get(egress.name);
    if (sink !== undefined) return sink as MemorySink<T>;
    throw new StatefulFunctionsError(
      'SF_UNBOUND_EGRESS',
      `no module binds the egress ${egress.name}. Bind it with binder.bindEgress().`,
    );
  }

  get deadLetters(): DeadLetter[] {
    return this.sinkOf<DeadLetter>(deadLetters as Egress<DeadLetter>).values;
  }

  #source(name: string): MemorySource<never> {
    return entry(this.#sources, name, () => new MemorySource()) as MemorySource<never>;
  }

  #sink(name: string): MemorySink<unknown> {
    return entry(this.#sinks, name, () => new MemorySink());
  }
}

/** A binder that does some things its own way and leaves the rest to another. */
function replaceConnectors(binder: Binder, own: Pick<Binder, 'bindIngress' | 'bindPartitions' | 'bindEgress'>): Binder {
  return new Proxy(binder, {
    get(target, name) {
      if (name in own) return own[name as keyof typeof own];
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function entry<T>(map: Map<string, T>, key: string, make: () => T): T {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
