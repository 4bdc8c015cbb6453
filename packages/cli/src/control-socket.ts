import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type ApplicationStatus,
  errorData,
  errorOf,
  type RunningApplication,
  StatefulFunctionsError,
} from '@stateful-functions/core';

/** What an application that runs in one process can be asked. */
export type ControlRequest =
  | { readonly operation: 'status' }
  | { readonly operation: 'savepoint'; readonly name: string }
  | { readonly operation: 'drain' };

type ControlAnswer =
  | { readonly ok: true; readonly status?: ApplicationStatus }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Operating systems take no longer names for sockets. */
const maxPathLength = 100;

/**
 * Where an application that runs in one process listens: a socket in its checkpoint folder, for the user who started it.
 *
 * One line of JSON asks, one answers.
 */
export class ControlSocket {
  readonly #close: () => void;

  private constructor(close: () => void) {
    this.#close = close;
  }

  /** Listens for as long as the application runs, whose lock on the folder says that nobody else does; `undefined` if it cannot. */
  static async listen(directory: string, application: RunningApplication): Promise<ControlSocket | undefined> {
    const path = pathIn(directory);
    if (path === undefined) return undefined;
    rmSync(path, { force: true }); // Left by a process that was killed.
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy()); // Whoever asked does not wait any more.
      createInterface({ input: socket }).on(
        'line',
        (line) => void answer(application, line).then((a) => socket.end(a)),
      );
    });
    try {
      server.listen(path);
      await once(server, 'listening');
      await chmod(path, 0o600);
    } catch {
      server.close();
      return undefined; // Some file systems have no sockets.
    }
    return new ControlSocket(() => {
      server.close();
      rmSync(path, { force: true });
      for (const socket of sockets) socket.unref();
    });
  }

  close(): void {
    this.#close();
  }
}

/** Asks the application that runs on a folder; `undefined` if none answers. @throws the coded error that it answers with */
export async function ask(
  directory: string,
  request: ControlRequest,
): Promise<{ readonly status?: ApplicationStatus } | undefined> {
  const path = pathIn(directory);
  if (path === undefined) return undefined;
  const line = await exchange(path, JSON.stringify(request)).catch(() => undefined);
  if (line === undefined) return undefined;
  const outcome = JSON.parse(line) as ControlAnswer;
  if (outcome.ok) return outcome;
  throw errorOf(outcome);
}

async function exchange(path: string, line: string): Promise<string | undefined> {
  const socket = createConnection(path);
  await once(socket, 'connect');
  socket.write(`${line}\n`);
  for await (const answer of createInterface({ input: socket })) return answer;
  return undefined;
}

async function answer(application: RunningApplication, line: string): Promise<string> {
  return `${JSON.stringify(await outcomeOf(application, line))}\n`;
}

async function outcomeOf(application: RunningApplication, line: string): Promise<ControlAnswer> {
  try {
    const request = JSON.parse(line) as ControlRequest;
    if (request.operation === 'status') return { ok: true, status: application.status };
    if (request.operation === 'savepoint') await application.savepoint(request.name);
    // Whoever waits for the end is told by `finished`, which has any failure as well.
    else if (request.operation === 'drain') void application.stop().catch(() => undefined);
    else throw new StatefulFunctionsError('SF_UNKNOWN_OPERATION', `${line} asks for nothing that there is.`);
    return { ok: true };
  } catch (error) {
    return { ok: false, ...errorData(error) };
  }
}

/** By whichever of two names is short enough; `undefined` if none is. */
function pathIn(directory: string): string | undefined {
  const absolute = join(resolve(directory), 'control.sock');
  return [absolute, relative(process.cwd(), absolute)].find((path) => Buffer.byteLength(path) <= maxPathLength);
}
