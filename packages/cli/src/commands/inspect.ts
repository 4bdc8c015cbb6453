import type { AddressState, CheckpointChoice } from '@stateful-functions/core';
import { exitCode } from '../exit-code.js';
import type { Output } from '../output.js';
import { type ArchiveOptions, reading } from './checkpoints.js';

export interface InspectOptions extends ArchiveOptions {
  readonly at?: CheckpointChoice;
}

/** `sf inspect` */
export async function inspect(pattern: string, { checkpoints, at }: InspectOptions, out: Output): Promise<number> {
  await reading(checkpoints, async (archive) => {
    for await (const state of archive.state(pattern, at)) await out.json(lineOf(state));
  });
  return exitCode.fine;
}

/** What is printed of one address: fields by name; and of those that have them, times of writing, and versions above 1. */
function lineOf({ type, id, fields }: AddressState): object {
  const written = fields.filter(({ writtenMs = 0 }) => writtenMs > 0);
  const versioned = fields.filter(({ version }) => version !== 1);
  return {
    address: `${type}/${id}`,
    state: Object.fromEntries(fields.map(({ name, value }) => [name, value])),
    ...(written.length > 0 && {
      written: Object.fromEntries(written.map(({ name, writtenMs }) => [name, new Date(writtenMs as number)])),
    }),
    ...(versioned.length > 0 && {
      versions: Object.fromEntries(versioned.map(({ name, version }) => [name, version])),
    }),
  };
}
