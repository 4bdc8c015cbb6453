import { StatefulFunctionsError } from '@stateful-functions/core';
import type { ClusterChoice } from '../cluster.js';
import { isFolder } from '../store.js';

/** Which application is meant: one in a cluster, or one that runs in a process on a folder. */
export interface Target extends ClusterChoice {
  readonly checkpoints: string;
}

/** The error for an application that does not answer, or that nobody knows how to ask. */
export function noAnswer({ checkpoints }: Target): StatefulFunctionsError {
  const why = isFolder(checkpoints)
    ? `no application that \`sf start\` runs on ${checkpoints} answers. See that it runs, and that the folder is the right one; ` +
      'one that runs in a program of its own cannot be asked'
    : `an application on ${checkpoints} cannot be asked there. For a cluster, give --nats and --app`;
  return new StatefulFunctionsError('SF_NO_COORDINATOR', `${why}.`);
}
