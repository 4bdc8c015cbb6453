import { freePort } from '@stateful-functions/servers';
import { FunctionProcess } from './function-process.js';
import type { Paths, System } from './system.js';

const program = new URL('./serve.js', import.meta.url);
const paths: Paths = {
  greet: '/v1/peers/greeter/{id}/greet',
  greetOneWay: '/v1/peers/greeter/{id}/visited',
  hop: '/v1/peers/ring/{id}/hop',
  seen: {
    greeter: '/v1/peers/greeter/{id}/seen',
    emailSender: '/v1/peers/email-sender/{id}/seen',
    ring: '/v1/peers/ring/{id}/seen',
  },
};

/** This project's: one process that has a folder. */
export async function makeOurs(directory: string): Promise<System> {
  return new OurSystem(directory, await freePort());
}

class OurSystem implements System {
  readonly paths = paths;
  readonly #directory: string;
  readonly #port: number;
  #process: FunctionProcess | undefined;

  constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#process = await FunctionProcess.start(program, [this.#directory, String(this.#port)]);
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async handled(): Promise<number> {
    return (await this.#process?.handled()) ?? 0;
  }
}
