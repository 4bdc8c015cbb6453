import type { DeadLetter } from '@stateful-functions/core';
import { Actor, type ActorReport } from '../application/actor.js';
import { Mortal, type MortalReport } from '../application/mortal.js';
import { Register, type RegisterReport } from '../application/register.js';
import type { Trace } from '../application/trace.js';
import type { CallingClient } from '../workload/client-calls.js';
import type { VerificationWorkload } from '../workload/workload.js';

/** What every function holds, by address. */
export interface Reports {
  readonly actors: ReadonlyMap<string, ActorReport>;
  readonly mortals: ReadonlyMap<string, MortalReport>;
  readonly registers: ReadonlyMap<string, RegisterReport>;
}

/** What was left behind by an application that has carried out all it was asked for. */
export interface Outcome extends Reports {
  /** What came out of each of `traces`, in order. */
  readonly traces: readonly (readonly Trace[])[];
  readonly deadLetters: readonly DeadLetter[];
  /** What handlers noticed: the violations of the run's `Occupancy`. */
  readonly noticed: readonly string[];
  /** How far the clocks of workers may be apart: by so much a timer of one may be early for another. 0 by default. */
  readonly clockSkewMs?: number;
}

/** Asks every function for its report. Of what was never touched, too: it must be empty. */
export async function collectReports(client: CallingClient, workload: VerificationWorkload): Promise<Reports> {
  const actors = new Map<string, ActorReport>();
  const mortals = new Map<string, MortalReport>();
  const registers = new Map<string, RegisterReport>();
  const all: Promise<unknown>[] = [];
  for (const address of workload.actors.map((id) => Actor.at(id)))
    all.push(
      client
        .query(address)
        .report()
        .then((report) => actors.set(String(address), report)),
    );
  for (const address of workload.mortals.map((id) => Mortal.at(id)))
    all.push(
      client
        .query(address)
        .report()
        .then((report) => mortals.set(String(address), report)),
    );
  for (const address of workload.registers.map((id) => Register.at(id)))
    all.push(
      client
        .query(address)
        .report()
        .then((report) => registers.set(String(address), report)),
    );
  await Promise.all(all);
  return { actors, mortals, registers };
}
