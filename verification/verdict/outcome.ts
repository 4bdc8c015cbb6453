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
  const { actors, mortals, registers } = workload;
  const [ofActors, ofMortals, ofRegisters] = await Promise.all([
    reportsOf(
      actors.map((id) => Actor.at(id)),
      (actor) => client.query(actor).report(),
    ),
    reportsOf(
      mortals.map((id) => Mortal.at(id)),
      (mortal) => client.query(mortal).report(),
    ),
    reportsOf(
      registers.map((id) => Register.at(id)),
      (register) => client.query(register).report(),
    ),
  ]);
  return { actors: ofActors, mortals: ofMortals, registers: ofRegisters };
}

async function reportsOf<A, R>(addresses: readonly A[], ask: (address: A) => Promise<R>): Promise<Map<string, R>> {
  return new Map(await Promise.all(addresses.map(async (address) => [String(address), await ask(address)] as const)));
}
