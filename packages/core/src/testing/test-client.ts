import type { CallOptions, Client, SendOptions } from '../application/client.js';
import type { Address } from '../sdk/address.js';
import type { Caller, ContractAddress, Operations, Sender } from '../sdk/contract.js';

/** Runs the application until a call has come to its end. */
type Run = <T>(call: (client: Client) => Promise<T>) => Promise<T>;

/**
 * The client of an application under test. Each call runs the application until it is answered, letting virtual time pass
 * where nothing else would bring the answer, so that a call that is never answered times out at once.
 */
export class TestClient implements Pick<Client, 'send' | 'to' | 'ask' | 'query' | 'call'> {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  send<M>(to: Address<M>, message: NoInfer<M>, options?: SendOptions): Promise<void> {
    return this.#run((client) => client.send(to, message, options));
  }

  to<O extends Operations>(to: ContractAddress<O>, options?: SendOptions): Sender<O, Promise<void>> {
    return this.#calls((client) => client.to(to, options));
  }

  ask<O extends Operations>(to: ContractAddress<O>, options?: CallOptions): Caller<O, 'ask'> {
    return this.#calls((client) => client.ask(to, options));
  }

  query<O extends Operations>(to: ContractAddress<O>, options?: CallOptions): Caller<O, 'query'> {
    return this.#calls((client) => client.query(to, options));
  }

  call(
    type: string,
    id: string,
    operation: string | undefined,
    message: unknown,
    options?: CallOptions,
  ): Promise<unknown> {
    return this.#run((client) => client.call(type, id, operation, message, options));
  }

  /** An object with the methods of what `open` gives, each of which runs the application. */
  #calls<T extends object>(open: (client: Client) => T): T {
    const call = (name: string, message: unknown) =>
      this.#run(async (client) => {
        const operations = open(client) as Record<string, Method>;
        return (operations[name] as Method).call(operations, message);
      });
    const get = (_: T, name: string | symbol) =>
      // Not `then`, or it would be taken for a promise.
      typeof name === 'symbol' || name === 'then' ? undefined : (message: unknown) => call(name, message);
    return new Proxy({} as T, { get });
  }
}

type Method = (message: unknown) => Promise<unknown>;
